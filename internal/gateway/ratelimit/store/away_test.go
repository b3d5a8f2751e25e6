// SPDX-License-Identifier: Apache-2.0

package store

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/test/redistest"
)

var one = ratelimit.Key{UID: "one"}

// expectAway asks often: nothing is counted by the server, and nobody waits for it.
func (w *watched) expectAway(t *testing.T) {
	t.Helper()
	const requests = 1000
	began := time.Now()
	for range requests {
		if _, ok := w.Take(one, perMinute(60, 10), time.Now()); ok {
			t.Fatal("counted by a server that is away")
		}
	}
	if each := time.Since(began) / requests; each > 20*time.Millisecond { // a request that waits does so for longer
		t.Errorf("%v a request", each)
	}
}

// TestTheServerGoesAndComesBack: it says so once each time.
func TestTheServerGoesAndComesBack(t *testing.T) {
	server := redistest.Start(t)
	w := watch(t, Target{Address: server.Address})
	w.expect(t, true)
	for round := range 2 {
		if got := drain(t, w.Store, one, perMinute(60, 10)); got != 10 {
			t.Errorf("round %d: %d allowed", round, got)
		}
		server.Kill()
		w.expect(t, false)
		w.expectAway(t)
		server.Restart(t)
		w.expect(t, true)
	}
	if said := w.said(); len(said) != 5 || !strings.Contains(said[1], "each replica counts its share") ||
		!strings.Contains(said[2], "counted in the store") {
		t.Errorf("%q", said)
	}
	if w.count(Failed) < patience || w.count(Failed) > 4*patience {
		t.Errorf("%d calls failed", w.count(Failed))
	}
}

func TestAServerThatNeverWas(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	w := watch(t, Target{Address: listener.Addr().String()})
	w.expect(t, false)
	w.expectAway(t)
	if said := w.said(); len(said) != 1 || !strings.Contains(said[0], "connection refused") {
		t.Errorf("%q", said)
	}
}

func TestAWrongPassword(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "right",
		"--user", "gateway", "on", ">secret", "~rate:jiratokens:*", "+eval", "+evalsha", "+time", "+get", "+set")
	for name, c := range map[string]struct {
		username, password string
		says               string // nothing: it works
	}{
		"the right one":          {"", "right", ""},
		"a user with few rights": {"gateway", "secret", ""},
		"none":                   {"", "", "NOAUTH"},
		"a wrong one":            {"", "hunter2", "WRONGPASS"},
		"a wrong user":           {"nobody", "secret", "WRONGPASS"},
	} {
		w := watch(t, Target{Address: server.Address, Username: c.username, Password: c.password})
		w.expect(t, c.says == "")
		if c.says == "" {
			if got := drain(t, w.Store, ratelimit.Key{UID: name}, perMinute(60, 10)); got != 10 {
				t.Errorf("%s: %d allowed", name, got)
			}
			continue
		}
		w.expectAway(t)
		if said := w.said(); len(said) != 1 || !strings.Contains(said[0], c.says) || strings.Contains(said[0], "hunter2") {
			t.Errorf("%s: %q", name, said)
		}
	}
}

// TestAUserWithoutRights can connect and be answered: only the probe's write tells that it can't count.
func TestAUserWithoutRights(t *testing.T) {
	server := redistest.Start(t, "--user", "reader", "on", ">secret", "~*", "+@read", "+ping")
	w := watch(t, Target{Address: server.Address, Username: "reader", Password: "secret"})
	w.expect(t, false)
	if said := w.said(); !strings.Contains(said[0], "NOPERM") {
		t.Errorf("%q", said)
	}
}

// slowly stands before a server and holds up what it answers.
type slowly struct {
	delay atomic.Int64
	net.Listener
}

func (s *slowly) serve(to string) {
	for {
		from, err := s.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", to)
		if err != nil {
			_ = from.Close()
			continue
		}
		go func() { _, _ = io.Copy(server, from); _ = server.Close() }()
		go func() {
			defer from.Close()
			buffer := make([]byte, 4096)
			for {
				n, err := server.Read(buffer)
				if err != nil {
					return
				}
				time.Sleep(time.Duration(s.delay.Load()))
				_, _ = from.Write(buffer[:n])
			}
		}()
	}
}

func TestASlowServer(t *testing.T) {
	server := redistest.Start(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	between := &slowly{Listener: listener}
	go between.serve(server.Address)
	w := watch(t, Target{Address: listener.Addr().String()}, func(o *Options) { o.Timeout = 50 * time.Millisecond })
	w.expect(t, true)
	between.delay.Store(int64(2 * time.Second))
	for n := range patience {
		began := time.Now()
		if _, ok := w.Take(ratelimit.Key{UID: "other"}, perMinute(60, 10), time.Now()); ok {
			t.Fatal("answered in time")
		}
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("request %d waited for %v", n, took)
		}
	}
	w.expect(t, false)
	w.expectAway(t)
	between.delay.Store(0)
	w.expect(t, true)
	if got := drain(t, w.Store, one, perMinute(60, 10)); got != 10 {
		t.Errorf("%d allowed", got)
	}
	if said := w.said(); len(said) != 3 {
		t.Errorf("%q", said)
	}
}

// TestAnAnswerOfSomethingElse: no panic, in a request or beside it.
func TestAnAnswerOfSomethingElse(t *testing.T) {
	for _, answer := range []string{
		"+OK\r\n", ":1\r\n", "*-1\r\n", "*0\r\n", "*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n", "*4\r\n+a\r\n+b\r\n+c\r\n+d\r\n", "$-1\r\n",
		"HTTP/1.1 400 Bad Request\r\n\r\n", "*2147483647\r\n", "-" + strings.Repeat("long ", 1000) + "\r\n", "\x00",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					buffer := make([]byte, 4096)
					for {
						if _, err := conn.Read(buffer); err != nil {
							return
						}
						_, _ = io.WriteString(conn, answer)
					}
				}()
			}
		}()
		w := watch(t, Target{Address: listener.Addr().String()})
		w.expect(t, false)
		w.expectAway(t)
		if said := w.said(); len(said[0]) > 2*longestError+200 {
			t.Errorf("%.20q: %d bytes are logged", answer, len(said[0]))
		}
		w.Close()
		_ = listener.Close()
	}
}

func TestAClosedStoreSaysNothing(t *testing.T) {
	server := redistest.Start(t)
	w := watch(t, Target{Address: server.Address})
	w.expect(t, true)
	w.Close()
	w.expectAway(t)
	if said := w.said(); len(said) != 1 {
		t.Errorf("%q", said)
	}
}

// TestABreakerWaitsLonger for a server that keeps failing, and starts over for one that was there for a while.
func TestABreakerWaitsLonger(t *testing.T) {
	now := time.Now()
	b := breaker{retry: time.Second, backAt: now}
	started := 0
	probe := func() bool { before := started; b.mayProbe(now, func() { started++ }); return started > before }
	fail := func() (changed bool) {
		for range patience {
			changed = b.failed(now)
		}
		return changed
	}
	for range patience - 1 {
		if b.failed(now) || b.isAway() {
			t.Error("away after less than it may fail")
		}
	}
	b.succeeded()
	if !fail() || !b.isAway() || probe() {
		t.Error("not away, or asked at once")
	}
	for _, seconds := range []int{1, 2, 4, 8, 16, 30, 30} {
		now = now.Add(time.Duration(seconds)*time.Second - 1)
		if probe() {
			t.Errorf("asked before %d s", seconds)
		}
		now = now.Add(1)
		if first, second := probe(), probe(); !first || second {
			t.Errorf("not asked once after %d s", seconds)
		}
		if b.probed(false, now) {
			t.Error("told twice")
		}
	}
	for _, c := range []struct{ stays, wait time.Duration }{{time.Second, longestRetry}, {time.Minute, time.Second}} {
		now = now.Add(time.Hour)
		if !probe() || !b.probed(true, now) || b.isAway() {
			t.Error("not back")
		}
		now = now.Add(c.stays)
		if !fail() {
			t.Error("not told")
		}
		if at := b.retryAt.Sub(now); at != c.wait {
			t.Errorf("after %v there: asked after %v", c.stays, at)
		}
	}
}
