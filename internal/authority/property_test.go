// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/internal/authority"
)

const serverName = "webhook.system.svc"

// world is an API server and three replicas, each of which has its own view of what is stored, somewhat behind.
type world struct {
	t     *rapid.T
	clock *clocktesting.FakeClock

	secret          authority.Set // empty: there is none
	bundle, applied []byte        // as stored, and as the API server uses it

	replicas []*replica
	lag      struct{ apply, write time.Duration }
}

type replica struct {
	server *authority.Server
	lag    time.Duration
	next   time.Duration
	ready  bool
}

// How far behind a part may be. Another replica goes on where one died.
const (
	maxApplyLag   = 50 * time.Second
	maxObserveLag = 40 * time.Second
	maxWriteLag   = 2 * time.Minute
)

func newWorld(t *rapid.T) *world {
	w := &world{t: t, clock: clocktesting.NewFakeClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))}
	for range 3 {
		w.replicas = append(w.replicas, &replica{server: authority.NewServer(w.clock, serverName)})
	}
	for range 12 { // two minutes after the installation
		w.pass(10 * time.Second)
	}
	w.pass(time.Hour)
	return w
}

func (w *world) writeSecret() {
	renewed, _, err := w.secret.Renew(w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.secret = renewed
}

func (w *world) writeBundle() { w.bundle = w.secret.Bundle(w.bundle, w.clock.Now()) }

func (w *world) observe(r *replica) {
	next, err := r.server.Observe(w.secret, authority.TrustedBy(w.bundle))
	if err != nil {
		w.t.Fatal(err)
	}
	r.lag, r.next = 0, next
}

// pass lets time go by; whatever would fall too far behind catches up before.
func (w *world) pass(d time.Duration) {
	if w.lag.write += d; w.lag.write > maxWriteLag {
		w.writeSecret()
		w.writeBundle()
		w.lag.write = 0
	}
	for _, r := range w.replicas {
		if r.lag += d; r.lag > maxObserveLag {
			w.observe(r)
		}
	}
	if w.lag.apply += d; w.lag.apply > maxApplyLag {
		w.applied, w.lag.apply = w.bundle, 0
	}
	w.clock.Step(d)
	for _, r := range w.replicas {
		if r.next > 0 {
			if r.next -= d; r.next <= 0 {
				w.observe(r)
			}
		}
	}
}

// check is the property: a replica that has been ready never serves what the API server does not trust.
func (w *world) check() {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.applied)
	for i, r := range w.replicas {
		certificate, err := r.server.GetCertificate(nil)
		if err != nil {
			if r.ready {
				w.t.Fatalf("replica %d has lost its certificate", i)
			}
			continue
		}
		if !r.ready { // only now do requests come to it
			if !bytes.Equal(w.applied, w.bundle) {
				continue
			}
			r.ready = true
		}
		_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: w.clock.Now(), DNSName: serverName})
		if err != nil {
			w.t.Fatalf("replica %d is refused at %s: %v", i, w.clock.Now(), err)
		}
	}
}

func TestNoHandshakeIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		step := func(do func()) func(*rapid.T) { return func(*rapid.T) { do() } }
		which := rapid.IntRange(0, len(w.replicas)-1)
		t.Repeat(map[string]func(*rapid.T){
			"":              step(w.check),
			"write Secret":  step(w.writeSecret),
			"write bundle":  step(w.writeBundle),
			"apply bundle":  step(func() { w.applied, w.lag.apply = w.bundle, 0 }),
			"delete Secret": step(func() { w.secret = nil }),
			"observe":       func(t *rapid.T) { w.observe(w.replicas[which.Draw(t, "replica")]) },
			"restart": func(t *rapid.T) {
				i := which.Draw(t, "replica")
				w.replicas[i] = &replica{server: authority.NewServer(w.clock, serverName)}
			},
			"seconds": func(t *rapid.T) {
				w.pass(time.Duration(rapid.IntRange(1, 30).Draw(t, "seconds")) * time.Second)
			},
			"days": func(t *rapid.T) { // to about where an authority is made, or ends
				for range rapid.SampledFrom([]int{1, 20, 30}).Draw(t, "days") {
					w.pass(24 * time.Hour)
					w.check()
				}
			},
		})
	})
}
