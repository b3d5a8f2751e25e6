// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// Jira goes away, the manager is restarted, time goes by: the last answer counts until maxStaleness and no longer.
func TestOutage(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) { p.Spec.Directory.MaxStaleness = "2h" })
	w.synced()
	began, fresh := w.clock.Now(), w.content()
	mend := w.jira.Fault(jiratest.Fault{Drop: true})

	c := w.pass(6*time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	until := began.Add(2 * time.Hour).UTC().Format(time.RFC3339)
	if !strings.Contains(c.Message, "can't be reached") || !strings.Contains(c.Message, "counts until "+until) {
		t.Error(c.Message)
	}
	if w.members("developers") != 5 || w.content() != fresh || !w.kept().Group("developers").SyncedAt.Equal(began) {
		t.Error("an outage takes away what is known, or makes it younger")
	}
	w.restart()
	w.pass(time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	if w.members("developers") != 5 || w.content() != fresh {
		t.Error("a restart in an outage takes away what is known")
	}

	w.clock.SetTime(began.Add(2*time.Hour + time.Second))
	c = w.expect(v1alpha1.ReasonDirectoryStale)
	if !strings.Contains(c.Message, "older than spec.directory.maxStaleness (2h0m0s)") || !strings.Contains(c.Message, "can't be reached") {
		t.Error(c.Message)
	}
	stale := w.content()
	if stale == fresh {
		t.Error("tokens do not learn that it is stale")
	}
	if !directory.Stale(w.kept().Group("developers").SyncedAt, w.clock.Now(), 2*time.Hour) {
		t.Error("what is kept looks fresh")
	}
	w.restart()
	w.pass(time.Hour, v1alpha1.ReasonDirectoryStale)
	if w.content() != stale || w.members("developers") != 5 {
		t.Error("a restart changes what is stale")
	}

	mend()
	w.pass(6*time.Minute, v1alpha1.ReasonDirectorySynced)
	if w.content() != fresh {
		t.Error("tokens do not learn that it counts again")
	}
}

// The wake at maxStaleness does not need Jira, nor a refresh that happens to be due.
func TestBecomesStaleByItself(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Directory.RefreshInterval, p.Spec.Directory.MaxStaleness = "1h", "2h"
	})
	w.synced()
	fresh := w.content()
	w.jira.Fault(jiratest.Fault{Drop: true})
	w.pass(119*time.Minute+50*time.Second, v1alpha1.ReasonDirectoryUnreachable)
	if next := w.next(); next > 12*time.Second {
		t.Errorf("looks again after %s", next)
	}
	w.pass(11*time.Second, v1alpha1.ReasonDirectoryStale)
	if w.content() == fresh {
		t.Error("tokens do not learn of it")
	}
}

// An administrator who lets old answers count for less time is heard at once.
func TestShorterStaleness(t *testing.T) {
	w := newWorld(t)
	w.synced()
	fresh := w.content()
	w.jira.Fault(jiratest.Fault{Drop: true})
	w.pass(2*time.Hour, v1alpha1.ReasonDirectoryUnreachable)
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Spec.Directory.MaxStaleness = "1h" })
	w.expect(v1alpha1.ReasonDirectoryStale)
	if w.content() == fresh {
		t.Error("tokens do not learn of it")
	}
	w.edit(func(p *v1alpha1.TokenPolicy) { p.Spec.Directory.MaxStaleness = "24h" })
	w.expect(v1alpha1.ReasonDirectoryUnreachable)
	if w.content() != fresh {
		t.Error("tokens do not learn that it counts again")
	}
}

// What fails is tried again soon, then ever less often, and never more often than that.
func TestBackOff(t *testing.T) {
	w := newWorld(t)
	w.jira.Fault(jiratest.Fault{Status: 503})
	c := w.expect(v1alpha1.ReasonDirectoryUnreachable)
	if !strings.Contains(c.Message, "Nothing has been read from Jira yet") {
		t.Error(c.Message)
	}
	if g := w.group("Developers"); g.Problem == "" || g.Members != nil || g.SyncedAt != nil {
		t.Errorf("%+v", g)
	}
	for i, seconds := range []int{5, 10, 20, 40, 80, 160, 300, 300, 300} {
		next, want := w.next(), time.Duration(seconds)*time.Second
		if next < want*9/10-time.Second || next > want*11/10+time.Second {
			t.Errorf("after %d failures it looks again in %s, not %s", i+1, next, want)
		}
		w.jira.Reset()
		w.clock.SetTime(w.clock.Now().Add(next - time.Second))
		w.run()
		if len(w.jira.Received()) != 0 {
			t.Errorf("after %d failures Jira is asked too soon", i+1)
		}
		w.clock.SetTime(w.clock.Now().Add(time.Second))
		w.next()
		if len(w.jira.Received()) == 0 {
			t.Errorf("after %d failures Jira is not asked again", i+1)
		}
	}
	w.jira.ClearFaults()
	w.pass(6*time.Minute, v1alpha1.ReasonDirectorySynced)
}

// Jira says when it wants to be asked again, and one such answer ends a refresh.
func TestTooManyRequests(t *testing.T) {
	w := newWorld(t)
	w.jira.Fault(jiratest.Fault{Status: 429, Header: map[string][]string{"Retry-After": {"60"}}})
	w.expect(v1alpha1.ReasonDirectoryUnreachable)
	if n := len(w.jira.Received()); n != 1 {
		t.Errorf("Jira got %d requests", n)
	}
	if next := w.next(); next < 54*time.Second || next > 66*time.Second {
		t.Errorf("looks again after %s", next)
	}
}

func TestRefreshesAreSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	w := newWorld(t)
	for range 8 {
		next := w.next()
		if next < 270*time.Second || next > 330*time.Second {
			t.Errorf("looks again after %s", next)
		}
		seen[next] = true
		w.clock.SetTime(w.clock.Now().Add(next))
	}
	if len(seen) < 4 {
		t.Errorf("refreshes come in step: %v", seen)
	}
}

func TestMetrics(t *testing.T) {
	w := newWorld(t)
	w.synced()
	synced := w.clock.Now()
	w.jira.Fault(jiratest.Fault{Status: 503})
	w.pass(6*time.Minute, v1alpha1.ReasonDirectoryUnreachable)
	for name, want := range map[string]float64{
		"jiratokens_directory_refreshes_total success":     1,
		"jiratokens_directory_refreshes_total unreachable": 1,
		"jiratokens_directory_confirmed_timestamp_seconds": float64(synced.Unix()),
	} {
		if got := metric(t, w.manager.registry, name); got != want {
			t.Errorf("%s is %v, not %v", name, got, want)
		}
	}
}

// metric reads a metric by its name and, if it has one, result.
func metric(t *testing.T, registry *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := registry.Gather()
	must(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			full := f.GetName()
			for _, l := range m.GetLabel() {
				if l.GetName() == "result" {
					full += " " + l.GetValue()
				}
			}
			if full == name {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return -1
}
