// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// patientWebhook gives up on nothing while a test lasts.
func patientWebhook() webhookLimits {
	l := usualWebhookLimits()
	l.pace = pace{headers: time.Hour, request: time.Hour, answer: time.Hour, pause: time.Hour}
	return l
}

// TestStalledReviewsOfOneAddress take its own share, of connections and of bodies, and no place of the API server's.
func TestStalledReviewsOfOneAddress(t *testing.T) {
	limits := patientWebhook()
	limits.places = places{inAll: 8, perAddress: 4}
	limits.reviews.requests, limits.reviews.perAddress = 5, 4
	limits.reviews.large, limits.reviews.largePerAddress, limits.reviews.small = 5, 4, 1000
	for name, length := range map[string]int{"small bodies": 1000, "large bodies": 2000} {
		t.Run(name, func(t *testing.T) {
			s := serveWebhook(t, limits, echo)
			for range limits.places.perAddress {
				s.stall(t, "127.0.0.2", length)
			}
			eventually(t, "all are read", func() bool {
				free := s.reviews.requests.TryAcquire(2) // of 5, of which 4 are taken
				if free {
					s.reviews.requests.Release(2)
				}
				return !free
			})
			if c, err := s.connect(t, "127.0.0.2"); err == nil {
				_ = c.Close()
				t.Error("the address may connect once more than its share")
			} else if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("a connection beyond the share waits:", err)
			}
			apiServer := s.apiServer(t)
			for range 3 {
				s.mustReview(t, apiServer, "{}", http.StatusOK)
				s.mustReview(t, apiServer, strings.Repeat("x", length), http.StatusOK)
			}
		})
	}
}

// TestStalledReviewsEnd: within the time of a request, and the connection with it. With HTTP/2 only the stream ends.
func TestStalledReviewsEnd(t *testing.T) {
	limits := patientWebhook()
	limits.pace.request = 300 * time.Millisecond
	s := serveWebhook(t, limits, echo)
	for _, length := range []int{1000, int(limits.reviews.small) + 1000} {
		c := s.stall(t, "127.0.0.2", length)
		reader := bufio.NewReader(c)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != http.StatusRequestTimeout {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
		if _, err := reader.ReadByte(); err == nil || isTimeout(err) {
			t.Errorf("the connection is still open: %v", err)
		}
	}
	never, end := io.Pipe()
	defer end.Close()
	response, _, err := s.review(t, s.apiServer(t), never)
	if err != nil || response.ProtoMajor != 2 || response.StatusCode != http.StatusRequestTimeout {
		t.Errorf("over HTTP/2: %v %v", response, err)
	}
	eventually(t, "all is given back", func() bool {
		free := s.reviews.requests.TryAcquire(int64(limits.reviews.requests))
		return free && s.reviews.large.TryAcquire(int64(limits.reviews.large))
	})
}

// TestManyReviewsOverOneConnection: the API server sends as many at once as clients take for granted, over one connection.
func TestManyReviewsOverOneConnection(t *testing.T) {
	const many = 100
	limits := patientWebhook()
	limits.places = places{inAll: 1, perAddress: 1}
	limits.reviews.deciding, limits.reviews.wait = many, patience
	var all sync.WaitGroup
	all.Add(many)
	s := serveWebhook(t, limits, func(w http.ResponseWriter, request *http.Request) {
		all.Done()
		all.Wait()
		echo(w, request)
	})
	s.reviewAtOnce(t, many)
}

// TestBurst: what an API server sends at once waits for its turn, with the usual limits. It begins with a connection for each.
func TestBurst(t *testing.T) {
	limits := usualWebhookLimits()
	limits.reviews.wait = patience // on a slow machine
	s := serveWebhook(t, limits, echo)
	s.reviewAtOnce(t, limits.reviews.perAddress)
}

func (s *servedWebhook) reviewAtOnce(t *testing.T, count int) {
	t.Helper()
	apiServer := s.apiServer(t)
	var all sync.WaitGroup
	for range count {
		all.Go(func() {
			response, text, err := s.review(t, apiServer, strings.NewReader(strings.Repeat("x", 5000)))
			if err != nil || response.StatusCode != http.StatusOK || response.ProtoMajor != 2 || text != "5000 <nil>" {
				t.Error(response, text, err)
			}
		})
	}
	all.Wait()
}

// TestEndInOrder: a review that is in progress is answered after the manager was told to end.
func TestEndInOrder(t *testing.T) {
	asked := make(chan struct{})
	s := serveWebhook(t, usualWebhookLimits(), nil)
	s.Register("/late", http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		close(asked)
		if request.Context().Err() != nil {
			t.Error("the review is given up")
		}
		eventually(t, "nobody else is served", func() bool { _, err := s.connect(t, "127.0.0.1"); return err != nil })
		if request.Context().Err() != nil {
			t.Error("the review is given up")
		}
		echo(w, request)
	}))
	go func() { <-asked; s.end() }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+s.address+"/late", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.apiServer(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || string(text) != "2 <nil>" {
		t.Errorf("%s %v", text, err)
	}
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	if s.StartedChecker()(nil) == nil {
		t.Error("it passes for served")
	}
}

// TestReviewsAreInTime: nothing lasts much longer than the API server waits, and the end of the manager waits for all of it.
func TestReviewsAreInTime(t *testing.T) {
	s := newWebhookServer("", nil, usualWebhookLimits()).http(t.Context())
	for name, d := range map[string]time.Duration{
		"headers": s.ReadHeaderTimeout, "request": s.ReadTimeout, "answer": s.WriteTimeout,
	} {
		if d < 5*time.Second || d >= shutdown { // 5 seconds is config/webhook's timeoutSeconds
			t.Errorf("%s: %s", name, d)
		}
	}
	if s.IdleTimeout <= 0 {
		t.Error("connections stay open for ever")
	}
}
