// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/audittrail/trailtest"
)

// told is what was recorded since it was last asked, in short.
func told(trail *trailtest.Recording) (lines []string) {
	for _, e := range trail.Take() {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Event, e.Outcome, e.Reason)))
	}
	return lines
}

func newTrailWorld(t *testing.T) (*world, *trailtest.Recording) {
	t.Helper()
	w, trail := newWorld(t), &trailtest.Recording{}
	w.manager.Trail = trail
	return w, trail
}

func wantTold(t *testing.T, trail *trailtest.Recording, want ...string) {
	t.Helper()
	if got := told(trail); !slices.Equal(got, want) {
		t.Errorf("the trail has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// cacheHas waits until the manager knows a token as it is.
func (w *world) cacheHas(t *v1alpha1.ApiToken) {
	w.Helper()
	must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
	w.eventually("the cache has it", func() bool {
		var cached v1alpha1.ApiToken
		must(w, w.manager.Client.Get(w.Context(), client.ObjectKeyFromObject(t), &cached))
		return cached.ResourceVersion == t.ResourceVersion
	})
}

// TestATokensLifeIsRecorded: every turn once, and nothing where nothing changed.
func TestATokensLifeIsRecorded(t *testing.T) {
	w, trail := newTrailWorld(t)
	tok := w.token("ci", w.by("alice"))
	w.issued(tok)
	entries := trail.Entries()
	last := entries[len(entries)-1]
	if last.APIToken != tok.Namespace+"/ci" || last.UID != string(tok.UID) || last.Policy != w.policy.Namespace+"/jira" ||
		last.Owner != "svc-ci" || last.Rule != "bots" || last.RequestedBy != "alice" || last.TokenID != tok.Status.Credential.ID ||
		last.GrantDigest != string(tok.Status.Grant.Digest) || last.ExpiresAt == "" || last.Generation != tok.Generation {
		t.Errorf("%+v", last)
	}
	wantTold(t, trail, "credential  Issued", "decision permitted Issued")
	w.cacheHas(tok)
	for range 3 {
		w.manager.run(w, tok)
	}
	wantTold(t, trail)

	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "it is suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	entries = trail.Entries()
	if last := entries[len(entries)-1]; !last.Blocked || last.Was != v1alpha1.ReasonIssued {
		t.Errorf("%+v", last)
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	w.reconcileUntil(tok, "it is live again", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued })
	wantTold(t, trail, "decision suspended Suspended", "decision permitted Issued")
	w.cacheHas(tok)

	edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"svc-ci"}} })
	w.reconcileUntil(tok, "it is denied", func() bool { return w.reason(tok) == v1alpha1.ReasonDenied })
	wantTold(t, trail, "decision refused Denied")
	w.cacheHas(tok)

	must(t, plane.Client.Delete(t.Context(), tok))
	w.eventually("it is gone", func() bool {
		w.manager.run(w, tok)
		return client.IgnoreNotFound(plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok)) == nil &&
			plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok) != nil
	})
	wantTold(t, trail, "revoked  Deleted")
}

func TestExpiryIsRecorded(t *testing.T) {
	w, trail := newTrailWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	w.cacheHas(tok)
	told(trail)
	w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
	w.reconcileUntil(tok, "it has expired", func() bool { return w.reason(tok) == v1alpha1.ReasonExpired })
	wantTold(t, trail, "decision expired Expired")
}

// TestALineIsRepeatedRatherThanLost kills the manager before and after each write: whoever goes on, the trail tells which
// credential was permitted in the end.
func TestALineIsRepeatedRatherThanLost(t *testing.T) {
	for n := range 5 {
		for _, afterwards := range []bool{false, true} {
			w, trail := newTrailWorld(t)
			tok := w.token("ci")
			killed := false
			dying := w.startManager(killAt(n, afterwards, &killed))
			dying.Trail = trail
			for range 20 {
				if _, err := dying.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)}); err != nil && killed {
					break
				}
			}
			w.issued(tok)
			w.manager.run(w, tok)
			if !slices.ContainsFunc(trail.Entries(), func(e audittrail.Entry) bool {
				return e.Event == audittrail.Decision && e.Outcome == audittrail.OutcomePermitted && e.TokenID == tok.Status.Credential.ID
			}) {
				t.Errorf("killed at write %d (afterwards: %v), and no line of credential %s: %+v", n, afterwards, tok.Status.Credential.ID, trail.Entries())
			}
		}
	}
}

func TestALostSecretIsRecordedAndCounted(t *testing.T) {
	w, trail := newTrailWorld(t)
	registry := prometheus.NewRegistry()
	w.manager.Rotations = tokenmetrics.NewRotations(registry)
	tok := w.token("ci")
	first := w.issued(tok)
	w.cacheHas(tok)
	old := tok.Status.Credential.ID
	told(trail)
	must(t, plane.Client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: tok.Namespace, Name: tok.SecretName()}}))
	w.reconcileUntil(tok, "a new credential is live", func() bool { return w.liveMatches(tok) && w.plaintext(tok) != first })
	w.reconcileUntil(tok, "its status tells of it", func() bool { return w.reason(tok) != "" && tok.Status.Credential.ID != old })
	entry := trail.Entries()[0]
	if entry.TokenID == old || entry.TokenID == "" || !slices.Equal(entry.Ended, []string{old}) {
		t.Errorf("%+v", entry)
	}
	for _, e := range trail.Entries() {
		if text := fmt.Sprintf("%+v", e); strings.Contains(text, first) || strings.Contains(text, w.plaintext(tok)) {
			t.Errorf("a token is in %s", text)
		}
	}
	wantTold(t, trail, "credential  Reissued", "decision permitted Issued")
	want := fmt.Sprintf(`
# HELP jiratokens_rotations_total Credentials that were replaced by new ones, by policy and cause (schedule, request, max-age, revoke-issued-before, secret-name, secret-lost).
# TYPE jiratokens_rotations_total counter
jiratokens_rotations_total{cause="max-age",namespace=%[1]q,policy="jira"} 0
jiratokens_rotations_total{cause="request",namespace=%[1]q,policy="jira"} 0
jiratokens_rotations_total{cause="revoke-issued-before",namespace=%[1]q,policy="jira"} 0
jiratokens_rotations_total{cause="schedule",namespace=%[1]q,policy="jira"} 0
jiratokens_rotations_total{cause="secret-lost",namespace=%[1]q,policy="jira"} 1
jiratokens_rotations_total{cause="secret-name",namespace=%[1]q,policy="jira"} 0
`, w.policy.Namespace)
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}
