// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

func asksApproval(p *v1alpha1.TokenPolicy) {
	asksWho(p)
	p.Spec.Rules[0].Approval = &v1alpha1.RuleApproval{Required: true}
}

// decide makes a TokenApproval of what a token may do now.
func (w *world) decide(t *v1alpha1.ApiToken, name, by string, decision v1alpha1.ApprovalDecision) *v1alpha1.TokenApproval {
	w.Helper()
	a := w.decision(t, name, by, decision)
	w.create(a)
	return a
}

func (w *world) decision(t *v1alpha1.ApiToken, name, by string, decision v1alpha1.ApprovalDecision) *v1alpha1.TokenApproval {
	w.Helper()
	w.eventually("the grant is shown", func() bool {
		w.manager.run(w, t)
		w.reason(t)
		return t.Status.Grant != nil && t.Status.ObservedGeneration == t.Generation
	})
	a := &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.policy.Namespace, Name: name},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken: v1alpha1.ApprovedToken{
				Namespace: v1alpha1.NamespaceName(t.Namespace), Name: t.Name, UID: string(t.UID),
			},
			GrantDigest: t.Status.Grant.Digest, Decision: decision,
		},
	}
	w.stamp(a, stamp.OfApproval(a), by)
	return a
}

func (w *world) waits(t *v1alpha1.ApiToken, reason string) {
	w.Helper()
	w.reconcileUntil(t, "it is "+reason, func() bool { return w.reason(t) == reason })
	for _, s := range w.slots(t) {
		if s.credential.State != "blocked" {
			w.Errorf("a credential is %s", s.credential.State)
		}
	}
}

func TestApproval(t *testing.T) {
	w := newWorld(t, asksApproval)
	tok := w.token("ci", forAlice, w.by("oidc:alice"))
	w.waits(tok, v1alpha1.ReasonApprovalRequired)
	if len(w.slots(tok)) != 0 {
		t.Fatal("issued without approval")
	}
	w.decide(tok, "own", "oidc:alice", v1alpha1.DecisionApprove) // four eyes
	w.waits(tok, v1alpha1.ReasonApprovalRequired)
	forged := w.decision(tok, "forged", "oidc:eve", v1alpha1.DecisionApprove)
	forged.Annotations[v1alpha1.AnnotationRequestedBy] += "x"
	w.create(forged)
	w.waits(tok, v1alpha1.ReasonApprovalRequired)

	given := w.decide(tok, "given", "oidc:anna", v1alpha1.DecisionApprove)
	plaintext := w.issued(tok)
	if tok.Status.ApprovedBy != "oidc:anna" {
		t.Errorf("approved by %q", tok.Status.ApprovedBy)
	}

	// A wider grant needs another approval, and has the same credential then.
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"read", "write"}; w.by("oidc:alice")(t) })
	w.waits(tok, v1alpha1.ReasonApprovalRequired)
	wider := w.decide(tok, "wider", "oidc:anna", v1alpha1.DecisionApprove)
	if w.issued(tok) != plaintext {
		t.Error("another credential")
	}

	// Less needs none.
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"write"}; w.by("oidc:alice")(t) })
	if w.issued(tok) != plaintext {
		t.Error("another credential")
	}
	// Unless the approval is taken back.
	must(t, plane.Client.Delete(t.Context(), wider))
	must(t, plane.Client.Delete(t.Context(), given))
	w.waits(tok, v1alpha1.ReasonApprovalRequired)
	w.decide(tok, "again", "oidc:anna", v1alpha1.DecisionApprove)
	w.issued(tok)

	// Nor does a lost key take it back.
	ring := w.stamps
	w.stamps = newRing(t)
	w.manager.Keys = testKeys{w.stamps}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	w.issued(tok)
	w.stamps, w.manager.Keys = ring, testKeys{ring}

	// A denial outweighs it.
	denial := w.decide(tok, "no", "oidc:bert", v1alpha1.DecisionDeny)
	w.waits(tok, v1alpha1.ReasonApprovalDenied)
	must(t, plane.Client.Delete(t.Context(), denial))
	w.issued(tok)
}

// TestApprovalIsOfOneToken: created again under its name, a token needs another approval; the old one goes with it.
func TestApprovalIsOfOneToken(t *testing.T) {
	w := newWorld(t, asksApproval)
	tok := w.token("ci", forAlice, w.by("oidc:alice"))
	w.decide(tok, "given", "oidc:anna", v1alpha1.DecisionApprove)
	w.issued(tok)
	must(t, plane.Client.Delete(t.Context(), tok))
	w.eventually("it is gone", func() bool {
		w.manager.run(w, tok)
		var list v1alpha1.TokenApprovalList
		must(w, plane.Client.List(w.Context(), &list))
		for i := range list.Items {
			if list.Items[i].Namespace == w.policy.Namespace {
				return false
			}
		}
		return true
	})
	again := w.token("ci", forAlice, w.by("oidc:alice"))
	w.waits(again, v1alpha1.ReasonApprovalRequired)
}

// TestPolicyWidensApprovedGrant: a faster default is more than was approved.
func TestPolicyWidensApprovedGrant(t *testing.T) {
	limit := func(requests int32) func(*v1alpha1.TokenPolicy) {
		return func(p *v1alpha1.TokenPolicy) {
			p.Spec.Defaults = &v1alpha1.TokenDefaults{RateLimit: &v1alpha1.RateLimit{Requests: requests, Period: "1m"}}
		}
	}
	w := newWorld(t, asksApproval, limit(60))
	tok := w.token("ci", forAlice, w.by("oidc:alice"))
	w.decide(tok, "given", "oidc:anna", v1alpha1.DecisionApprove)
	plaintext := w.issued(tok)
	edit(w, w.policy, limit(61))
	w.waits(tok, v1alpha1.ReasonApprovalRequired)
	if c := tok.Status.Conditions; !strings.Contains(c[0].Message, "TokenApproval") {
		t.Error(c[0].Message)
	}
	edit(w, w.policy, limit(30))
	if w.issued(tok) != plaintext {
		t.Error("another credential")
	}
}
