// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testclock "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// overlapping issues two credentials of one ApiToken; the first one retires.
func overlapping(b *bench, retireAt, expiresAt time.Time) (old, current string) {
	b.Helper()
	ofOne := func(c *grant.Credential) { c.Token.UID, c.ExpiresAt = "uid-of-both", &expiresAt }
	old = b.issue("alice", []string{"read"}, ofOne, func(c *grant.Credential) { c.RetireAt = &retireAt })
	return old, b.issue("alice", []string{"read"}, ofOne)
}

// TestOverlapEndsByTheClock: both credentials are accepted until the old one retires, and nothing else has to happen for
// that. Its holder reads what to do.
func TestOverlapEndsByTheClock(t *testing.T) {
	b := newBench(t)
	now := b.clock.Now()
	retire, expire := now.Add(time.Hour), now.Add(3*time.Hour)
	old, current := overlapping(b, retire, expire)
	for _, step := range []struct {
		at           time.Time
		old, current int
	}{
		{now, 200, 200},
		{retire.Add(-time.Nanosecond), 200, 200},
		{retire, 401, 200},
		{retire.Add(-time.Minute), 200, 200},
		{expire.Add(-time.Nanosecond), 401, 200},
		{expire, 401, 401},
	} {
		b.clock.SetTime(step.at)
		for tok, want := range map[string]int{old: step.old, current: step.current} {
			a := b.send("GET", myself, bearer(tok))
			if a.StatusCode != want {
				t.Errorf("%s: %d %s, want %d", step.at.Sub(now), a.StatusCode, a.body, want)
			}
		}
	}
	b.clock.SetTime(retire)
	if a := b.send("GET", myself, bearer(old)); !strings.Contains(a.message(t), "read the Secret again") {
		t.Errorf("%s", a.body)
	}
}

// TestReplicasAnHourApart: each decides by its own clock, from the same grants, and the one whose clock is right is right.
func TestReplicasAnHourApart(t *testing.T) {
	b := newBench(t)
	now := b.clock.Now()
	retire, expire := now.Add(30*time.Minute), now.Add(90*time.Minute)
	old, current := overlapping(b, retire, expire)
	ahead := *b // another replica with the same table
	ahead.clock = testclock.NewFakePassiveClock(now.Add(time.Hour))
	ahead.handler = New(Options{Grants: b.table, Freshness: b.fresh, Clock: ahead.clock, Audit: b.audit, Log: b.handler.log})
	ahead.configure()
	ahead.serve()
	for passed := time.Duration(0); passed <= 2*time.Hour; passed += 10 * time.Minute {
		b.clock.SetTime(now.Add(passed))
		ahead.clock.SetTime(now.Add(passed + time.Hour))
		for _, replica := range []*bench{b, &ahead} {
			at := replica.clock.Now()
			for tok, ends := range map[string]time.Time{old: retire, current: expire} {
				want := http.StatusOK
				if !at.Before(ends) {
					want = http.StatusUnauthorized
				}
				if a := replica.send("GET", myself, bearer(tok)); a.StatusCode != want {
					t.Errorf("after %s, at %s: %d %s, want %d", passed, at.Sub(now), a.StatusCode, a.body, want)
				}
			}
		}
	}
}

// TestIssuedBeforeIsRefused once that time has come, whatever the manager does; what was issued at that very time is not.
func TestIssuedBeforeIsRefused(t *testing.T) {
	for _, coming := range []time.Duration{-time.Hour, time.Hour} {
		b := newBench(t)
		cut := b.clock.Now().Add(coming).Truncate(time.Second)
		b.config.Deny = gatewayconfig.Deny{IssuedBefore: &metav1.Time{Time: cut}}
		b.configure()
		issued := func(at time.Time) string {
			return bearer(b.issue("alice", []string{"read"}, func(c *grant.Credential) { c.IssuedAt = at }))
		}
		unknown, before, since := issued(time.Time{}), issued(cut.Add(-time.Second)), issued(cut)
		for _, step := range []struct {
			at           time.Time
			before, then int
		}{{cut.Add(-time.Second), 200, 200}, {cut, 401, 200}, {cut.Add(time.Hour), 401, 200}} {
			b.clock.SetTime(step.at)
			for name, c := range map[string]struct {
				tok  string
				want int
			}{"unknown": {unknown, step.before}, "before": {before, step.before}, "since": {since, step.then}} {
				a := b.send("GET", myself, c.tok)
				if a.StatusCode != c.want {
					t.Errorf("%s, at %s: %d %s, want %d", name, step.at.Sub(cut), a.StatusCode, a.body, c.want)
				}
				if c.want == 401 && !strings.Contains(a.message(t), fmt.Sprintf("ended what was issued before %s", cut.UTC().Format(time.RFC3339))) {
					t.Errorf("%s", a.body)
				}
			}
		}
	}
}
