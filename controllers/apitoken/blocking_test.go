// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// TestBlockingIsNotDeleting: each way to lose a token's use blocks it with a reason, and lifting it brings the same
// credential back.
func TestBlockingIsNotDeleting(t *testing.T) {
	cases := map[string]struct {
		reason      string
		block, lift func(*world, *v1alpha1.ApiToken)
	}{
		"suspended": {
			v1alpha1.ReasonSuspended,
			func(w *world, t *v1alpha1.ApiToken) { edit(w, t, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true }) },
			func(w *world, t *v1alpha1.ApiToken) {
				edit(w, t, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
			},
		},
		"rule narrowed": {
			v1alpha1.ReasonNotPermitted,
			onPolicy(func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.Scopes = []v1alpha1.Scope{"write"} }),
			onPolicy(func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.Scopes = []v1alpha1.Scope{"read"} }),
		},
		"owner denied, in other case": {
			v1alpha1.ReasonDenied,
			onPolicy(func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"SVC-CI"}} }),
			onPolicy(func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = nil }),
		},
		"namespace no longer allowed": {v1alpha1.ReasonNamespaceNotAllowed, onNamespace("false"), onNamespace("true")},
		"owner left the group": {
			v1alpha1.ReasonNotPermitted,
			onPolicy(func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Owners.Users = []v1alpha1.JiraUserName{"alice"} }),
			onPolicy(func(p *v1alpha1.TokenPolicy) {
				p.Spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "Bots", Members: []v1alpha1.JiraUserName{"Svc-CI"}}}
				p.Spec.Rules[0].Owners.Groups = []v1alpha1.JiraGroupName{"bots"}
			}),
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tok := w.token("ci")
			first := w.issued(tok)
			c.block(w, tok)
			w.reconcileUntil(tok, "blocked", func() bool { return w.reason(tok) == c.reason })
			s := w.slots(tok)
			if len(s) != 1 || s[0].credential.State != grant.Blocked || s[0].credential.BlockedReason == "" {
				t.Fatalf("slots %+v", s)
			}
			if w.condition(tok, v1alpha1.ConditionReady) != metav1.ConditionTrue ||
				w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse {
				t.Errorf("conditions %+v", tok.Status.Conditions)
			}
			c.lift(w, tok)
			w.reconcileUntil(tok, "live again", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued })
			if !w.liveMatches(tok) || w.plaintext(tok) != first {
				t.Error("not the same credential")
			}
		})
	}
}

func onPolicy(change func(*v1alpha1.TokenPolicy)) func(*world, *v1alpha1.ApiToken) {
	return func(w *world, _ *v1alpha1.ApiToken) { edit(w, w.policy, change) }
}

func onNamespace(allowed string) func(*world, *v1alpha1.ApiToken) {
	return func(w *world, t *v1alpha1.ApiToken) {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: t.Namespace}}
		edit(w, namespace, func(n *corev1.Namespace) { n.Labels["allowed"] = allowed })
	}
}

func TestNothingIsIssuedWhatIsNotPermitted(t *testing.T) {
	w := newWorld(t)
	cases := map[string]struct {
		change func(*v1alpha1.ApiToken)
		reason string
		says   string
	}{
		"owner":    {func(t *v1alpha1.ApiToken) { t.Spec.Owner = "mallory" }, v1alpha1.ReasonNotPermitted, `owner "mallory" is not one of its users`},
		"scope":    {func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"read", "admin"} }, v1alpha1.ReasonNotPermitted, "scope admin is beyond its limit (read,write)"},
		"lifetime": {func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "721h" }, v1alpha1.ReasonNotPermitted, "its limit is 720h"},
		"forever":  {func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "" }, v1alpha1.ReasonNotPermitted, "must expire: set spec.lifetime to at most 720h"},
		"policy's namespace": {
			func(t *v1alpha1.ApiToken) { t.Namespace = string(t.Spec.PolicyRef.Namespace) },
			v1alpha1.ReasonNamespaceNotAllowed, "can't be in its policy's namespace",
		},
		"no such policy": {func(t *v1alpha1.ApiToken) { t.Spec.PolicyRef.Name = "nope" }, v1alpha1.ReasonPolicyNotFound, "there is no TokenPolicy"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := &world{T: t, clock: w.clock, policy: w.policy, namespace: w.namespace, manager: w.manager}
			tok := w.token(strings.ReplaceAll(strings.ReplaceAll(name, " ", "-"), "'", ""), c.change)
			w.reconcileUntil(tok, "decided", func() bool { return w.reason(tok) == c.reason })
			if len(w.slots(tok)) != 0 || w.condition(tok, v1alpha1.ConditionReady) != metav1.ConditionFalse {
				t.Errorf("slots %v, conditions %+v", w.slots(tok), tok.Status.Conditions)
			}
			if !strings.Contains(tok.Status.Conditions[0].Message, c.says) {
				t.Errorf("message: %s", tok.Status.Conditions[0].Message)
			}
			var secret corev1.Secret
			if plane.Client.Get(t.Context(), client.ObjectKey{Namespace: tok.Namespace, Name: tok.Name}, &secret) == nil {
				t.Error("a Secret was made")
			}
		})
	}
}

func TestSecondPolicyDoesNotCount(t *testing.T) {
	w := newWorld(t)
	second := testPolicy(w.policy.Namespace, w.namespace)
	second.Name = "younger"
	w.create(second)
	credential := ownerCredential(second.Namespace, "svc-ci")
	credential.Name, credential.Labels[v1alpha1.LabelPolicy] = "of-younger", second.Name
	w.create(credential)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.PolicyRef.Name = "younger" })
	w.reconcileUntil(tok, "decided", func() bool { return w.reason(tok) == v1alpha1.ReasonPolicyNotReady })
	must(t, plane.Client.Delete(t.Context(), w.policy))
	w.issued(tok)
}

func TestTerminatingNamespaceCanFinish(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	must(t, plane.Client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}))
	must(t, plane.Client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}))
	w.reconcileUntil(tok, "it is said", func() bool { return w.reason(tok) == v1alpha1.ReasonTerminating })
	must(t, plane.Client.Delete(t.Context(), tok))
	w.reconcileUntil(tok, "gone", func() bool {
		return plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), &v1alpha1.ApiToken{}) != nil
	})
	if len(w.slots(tok)) != 0 {
		t.Error("hash Secrets are left")
	}
}
