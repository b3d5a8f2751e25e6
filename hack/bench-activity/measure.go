// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	idle    = 30 * time.Second // measured before the tokens are in use
	samples = time.Minute
	// beyond is how much more than the bound the status may seem behind: times are rounded down to the minute.
	beyond = time.Minute
)

// measure has all tokens be used, and looks at their status from time to time.
func (b *bench) measure(ctx context.Context) error {
	quiet, err := b.server(ctx)
	if err != nil {
		return err
	}
	if err := pause(ctx, idle); err != nil {
		return err
	}
	before, err := b.server(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("no token in use: %s\n", before.since(quiet))
	limited, cancel := context.WithTimeout(ctx, b.duration)
	defer cancel()
	var requests, failures atomic.Int64
	begin := time.Now()
	go b.load(limited, &requests, &failures)
	bound := max(10*time.Minute, time.Duration(float64(b.n)/b.rate)*time.Second)
	oldest := time.Duration(0)
	for pause(limited, samples) == nil {
		age, known, err := b.behind(limited, begin)
		if err != nil {
			break
		}
		oldest = max(oldest, age)
		now, err := b.server(limited)
		if err != nil {
			break
		}
		fmt.Printf("after %6s: last use known of %5d tokens, oldest %6s (bound %s); %s\n", time.Since(begin).Round(time.Second), known,
			age.Round(time.Second), bound, now.since(before))
	}
	after, err := b.server(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\n%d tokens in use every %s for %s, %v writes a second allowed\n", b.n, b.cycle, b.duration, b.rate)
	fmt.Printf("  requests                    %d, failed %d\n", requests.Load(), failures.Load())
	fmt.Printf("  all of it                   %s\n", after.since(before))
	fmt.Printf("  oldest last use             %s\n", oldest.Round(time.Second))
	fmt.Printf("  bound                       %s; and %s, as times are rounded, and %s between two uses\n", bound, beyond, b.cycle)
	if oldest > bound+b.cycle+beyond {
		return errors.New("the bound is not kept")
	}
	return nil
}

// behind is how old the oldest last use is that a status tells of; of tokens whose status tells of none, since they are in use.
func (b *bench) behind(ctx context.Context, begin time.Time) (oldest time.Duration, known int, err error) {
	now := time.Now()
	err = b.pages(ctx, &v1alpha1.ApiTokenList{}, func(list client.ObjectList) {
		for _, t := range list.(*v1alpha1.ApiTokenList).Items { //nolint:forcetypeassert // as given
			at := begin
			if a := t.Status.Activity; a != nil && a.LastUsedAt != nil {
				at = a.LastUsedAt.Time
				known++
			}
			oldest = max(oldest, now.Sub(at))
		}
	})
	return oldest, known, err
}

// load uses one token after the other, and each once a cycle.
func (b *bench) load(ctx context.Context, requests, failures *atomic.Int64) {
	ticker := time.NewTicker(b.cycle / time.Duration(b.n))
	defer ticker.Stop()
	places := make(chan struct{}, 32)
	for i := 0; ctx.Err() == nil; i++ {
		<-ticker.C
		places <- struct{}{}
		go func() {
			defer func() { <-places }()
			requests.Add(1)
			if err := b.use(ctx, b.tokens[i%b.n]); err != nil && ctx.Err() == nil {
				failures.Add(1)
			}
		}()
	}
}

func (b *bench) use(ctx context.Context, token string) error {
	url := "http://" + b.stack.GatewayAddress + "/jira/rest/api/2/myself"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %w", response.Status, err)
	}
	return nil
}

// server is what the API server has done until now.
type server struct {
	at     time.Time
	cpu    float64 // seconds
	writes float64 // to tokens' status
	all    float64 // requests of any kind
}

func (b *bench) server(ctx context.Context) (server, error) {
	raw, err := b.stack.Client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return server{}, fmt.Errorf("read the API server's metrics: %w", err)
	}
	s := server{at: time.Now()}
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		line := lines.Text()
		value, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil || math.IsNaN(value) {
			continue
		}
		switch {
		case strings.HasPrefix(line, "process_cpu_seconds_total "):
			s.cpu = value
		case strings.HasPrefix(line, "apiserver_request_total{"):
			s.all += value
			if isStatusWrite(line) {
				s.writes += value
			}
		}
	}
	return s, nil
}

func isStatusWrite(line string) bool {
	for _, label := range []string{`resource="apitokens"`, `subresource="status"`, `verb="PATCH"`} {
		if !strings.Contains(line, label) {
			return false
		}
	}
	return true
}

func (s server) since(before server) string {
	seconds := s.at.Sub(before.at).Seconds()
	return fmt.Sprintf("%.1f status writes/s, API server %.1f requests/s and %.1f%% of a processor",
		(s.writes-before.writes)/seconds, (s.all-before.all)/seconds, 100*(s.cpu-before.cpu)/seconds)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
