// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// asksWho makes a policy's rule ask who declares: owners for themselves, and the platform team for all.
func asksWho(p *v1alpha1.TokenPolicy) {
	p.Spec.Requesters = &v1alpha1.Requesters{StripPrefix: "oidc:"}
	p.Spec.Rules[0].Create = &v1alpha1.Create{
		Self:     true,
		OnBehalf: []v1alpha1.Subject{{Kind: v1alpha1.SubjectGroup, Name: "platform-team"}},
	}
}

func forAlice(t *v1alpha1.ApiToken) { t.Spec.Owner = "alice" }

func TestWhoMayDeclare(t *testing.T) {
	w := newWorld(t, asksWho)
	for name, c := range map[string]struct {
		by     func(*v1alpha1.ApiToken)
		reason string
	}{
		"self":      {w.by("oidc:Alice"), v1alpha1.ReasonIssued},
		"on-behalf": {w.by("oidc:paul", "platform-team"), v1alpha1.ReasonIssued},
		"stranger":  {w.by("oidc:bob", "platform"), v1alpha1.ReasonNotPermitted},
		"no-prefix": {w.by("alice"), v1alpha1.ReasonNotPermitted},
		"unstamped": {func(*v1alpha1.ApiToken) {}, v1alpha1.ReasonRequesterUnknown},
		"of-another": {func(t *v1alpha1.ApiToken) {
			o := t.DeepCopy()
			o.Name = "x"
			w.by("oidc:alice")(o)
			t.Annotations = o.Annotations
		}, v1alpha1.ReasonRequesterUnknown},
		"changed": {func(t *v1alpha1.ApiToken) {
			w.by("oidc:alice")(t)
			t.Spec.Scopes = []v1alpha1.Scope{"read", "write"}
		}, v1alpha1.ReasonRequesterUnknown},
	} {
		tok := w.token(name, forAlice, c.by)
		w.reconcileUntil(tok, name+" is "+c.reason, func() bool { return w.reason(tok) == c.reason })
		if live := len(w.slots(tok)) == 1; live != (c.reason == v1alpha1.ReasonIssued) {
			t.Errorf("%s: credential %t", name, live)
		}
		if c.reason == v1alpha1.ReasonIssued && !strings.HasPrefix(tok.Status.RequestedBy, "oidc:") {
			t.Errorf("%s: requested by %q", name, tok.Status.RequestedBy)
		}
		if c.reason == v1alpha1.ReasonRequesterUnknown && w.condition(tok, v1alpha1.ConditionReconciling) != "True" {
			t.Errorf("%s: %+v", name, tok.Status.Conditions)
		}
	}
}

// TestLostStampIsRemembered: taking the stamp off, or losing its key, ends no token; declaring something else does.
func TestLostStampIsRemembered(t *testing.T) {
	w := newWorld(t, asksWho)
	tok := w.token("ci", forAlice, w.by("oidc:alice"))
	before := w.issued(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) {
		delete(t.Annotations, v1alpha1.AnnotationRequestedBy)
		t.Spec.Suspend = true
	})
	w.reconcileUntil(tok, "suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	if w.issued(tok) != before {
		t.Error("another credential")
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"read", "write"} })
	w.reconcileUntil(tok, "it waits", func() bool { return w.reason(tok) == v1alpha1.ReasonRequesterUnknown })
	if s := w.slots(tok)[0]; s.credential.State != "blocked" {
		t.Errorf("state %s", s.credential.State)
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { w.by("oidc:paul", "platform-team")(t) })
	if w.issued(tok) != before {
		t.Error("another credential")
	}
}
