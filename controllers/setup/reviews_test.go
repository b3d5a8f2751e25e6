// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// TestBeyondTheBound: who comes while as many as may are decided waits briefly, and is told to ask again. Then it is their turn.
func TestBeyondTheBound(t *testing.T) {
	for name, bound := range map[string]func(*reviewLimits){
		"decided at once":       func(l *reviewLimits) { l.deciding = 1 },
		"requests":              func(l *reviewLimits) { l.requests = 1 },
		"requests of one":       func(l *reviewLimits) { l.perAddress = 1 },
		"large bodies":          func(l *reviewLimits) { l.large, l.small = 1, 1 },
		"large bodies of one":   func(l *reviewLimits) { l.largePerAddress, l.small = 1, 1 },
		"the weight of a large": func(l *reviewLimits) { l.deciding, l.largeWeight, l.small = 3, 2, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			limits := patientWebhook()
			limits.reviews.wait = 10 * time.Millisecond
			bound(&limits.reviews)
			asked, answer := make(chan struct{}), make(chan struct{})
			s := serveWebhook(t, limits, func(w http.ResponseWriter, request *http.Request) {
				asked <- struct{}{}
				<-answer
				echo(w, request)
			})
			apiServer, first := s.apiServer(t), make(chan string, 1)
			go func() {
				response, text, err := s.review(t, apiServer, strings.NewReader("{}"))
				if err != nil || response.StatusCode != http.StatusOK {
					t.Error(response, err)
				}
				first <- text
			}()
			<-asked
			before := requestsTotal(t, "503")
			response, _ := s.mustReview(t, apiServer, "{}", http.StatusServiceUnavailable)
			if response.ProtoMajor != 2 || response.Header.Get("Retry-After") != "1" {
				t.Errorf("the API server does not know that it may ask again: %v", response)
			}
			if requestsTotal(t, "503") != before+1 {
				t.Error("metrics do not tell of it")
			}
			s.mustEnd(t, "Content-Length: 2\r\n\r\n{}", "503")
			close(answer)
			if text := <-first; text != "2 <nil>" {
				t.Error(text)
			}
			go func() { <-asked }()
			s.mustReview(t, apiServer, "{}", http.StatusOK)
		})
	}
}

// TestATurnIsWaitedFor, though not for long.
func TestATurnIsWaitedFor(t *testing.T) {
	limits := patientWebhook()
	limits.reviews.deciding, limits.reviews.wait = 1, patience
	s := serveWebhook(t, limits, echo)
	if !s.reviews.deciding.TryAcquire(1) {
		t.Fatal("it is taken")
	}
	done := make(chan struct{})
	go func() { defer close(done); s.mustReview(t, s.apiServer(t), "{}", http.StatusOK) }()
	eventually(t, "the review is in progress", func() bool {
		none := s.reviews.requests.TryAcquire(int64(limits.reviews.requests))
		if none {
			s.reviews.requests.Release(int64(limits.reviews.requests))
		}
		return !none
	})
	s.reviews.deciding.Release(1)
	<-done
}

// TestSizes: whole bodies up to the bound are seen, and no more.
func TestSizes(t *testing.T) {
	limits := patientWebhook()
	limits.reviews.small, limits.reviews.body = 10, 100
	s := serveWebhook(t, limits, echo)
	apiServer := s.apiServer(t)
	for length, want := range map[int]string{0: "0 <nil>", 10: "10 <nil>", 11: "11 <nil>", 100: "100 <nil>"} {
		body := strings.Repeat("x", length)
		if _, text := s.mustReview(t, apiServer, body, http.StatusOK); text != want {
			t.Errorf("have %s, want %s", text, want)
		}
	}
	for name, request := range map[string]string{
		"its length":     "Content-Length: 101\r\n\r\n",
		"what came":      "Transfer-Encoding: chunked\r\n\r\n65\r\n" + strings.Repeat("x", 101) + "\r\n",
		"a huge promise": "Content-Length: 9000000000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) { s.mustEnd(t, request, "413") })
	}
}

// mustEnd expects a status, and that the connection ends with it: what is left of the request is not waited for.
func (s *servedWebhook) mustEnd(t *testing.T, request, status string) {
	t.Helper()
	c, err := s.connect(t, "127.0.0.1")
	if err == nil {
		_, err = io.WriteString(c, "POST /review HTTP/1.1\r\nHost: x\r\n"+request)
	}
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 "+status) || !strings.Contains(string(answer), "Connection: close") {
		t.Errorf("%q %v", answer, err)
	}
}

// requestsTotal is controller-runtime's metric.
func requestsTotal(t *testing.T, code string) float64 {
	t.Helper()
	families, err := metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() != "controller_runtime_webhook_requests_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "code" && label.GetValue() == code {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}
