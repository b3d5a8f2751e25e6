// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// tokenState is a row of the table of states in docs/concepts.md, with one of its reasons.
type tokenState struct {
	state, reason string
	active, ready bool
	also          string // Stalled, Reconciling, Expiring or Unused; empty: nothing
	policy        func(*v1alpha1.TokenPolicy)
	reach         func(*world) *v1alpha1.ApiToken
}

// The states as docs/concepts.md calls them.
const (
	live       = "live"
	later      = "refused by the policy after it was live"
	ownerLater = "its owner is not the same active Jira user any more"
	atFirst    = "refused when declared, or declared with a past expiry"
)

// tokenStates are all of them. Their order is that of the tables in the documents.
func tokenStates() []tokenState {
	alice := func(u directory.User) *directory.User { u.Name, u.CheckedAt = "alice", time.Now(); return &u }
	return []tokenState{
		{live, v1alpha1.ReasonIssued, true, true, "", nil, func(w *world) *v1alpha1.ApiToken { return w.issued("t") }},
		{"live, and expires soon", v1alpha1.ReasonIssued, true, true, v1alpha1.ConditionExpiring, nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			w.clock.SetTime(t.Status.ExpiresAt.Add(-100 * time.Hour))
			return w.withExpiring(t)
		}},
		{"live, and not used for long", v1alpha1.ReasonIssued, true, true, v1alpha1.ConditionUnused, nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			return w.unused(t)
		}},
		{"suspended", v1alpha1.ReasonSuspended, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			edit(w, t, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
			return w.is(t, v1alpha1.ReasonSuspended)
		}},
		{"expired", v1alpha1.ReasonExpired, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			w.clock.SetTime(t.Status.ExpiresAt.Time)
			return w.is(t, v1alpha1.ReasonExpired)
		}},
		{later, v1alpha1.ReasonNotPermitted, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules = nil })
			return w.is(t, v1alpha1.ReasonNotPermitted)
		}},
		{later, v1alpha1.ReasonDenied, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = denyAlice() })
			return w.is(t, v1alpha1.ReasonDenied)
		}},
		{later, v1alpha1.ReasonNamespaceNotAllowed, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			edit(w, w.policy, nowhere)
			return w.is(t, v1alpha1.ReasonNamespaceNotAllowed)
		}},
		{later, v1alpha1.ReasonApprovalDenied, false, true, "", asksApproval, func(w *world) *v1alpha1.ApiToken {
			t := w.is(w.token("t"), v1alpha1.ReasonApprovalRequired)
			w.decide(t, v1alpha1.DecisionApprove)
			w.is(t, v1alpha1.ReasonIssued)
			w.decide(t, v1alpha1.DecisionDeny)
			return w.is(t, v1alpha1.ReasonApprovalDenied)
		}},
		{ownerLater, v1alpha1.ReasonOwnerNotFound, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t") // before Jira was ever asked
			w.jira = jiraSays(alice(directory.User{}))
			edit(w, w.policy, withDirectory)
			return w.is(t, v1alpha1.ReasonOwnerNotFound)
		}},
		{ownerLater, v1alpha1.ReasonOwnerInactive, false, true, "", withDirectory, func(w *world) *v1alpha1.ApiToken {
			return w.afterJiraSaid(alice(directory.User{Key: "U1"}), v1alpha1.ReasonOwnerInactive)
		}},
		{ownerLater, v1alpha1.ReasonOwnerChanged, false, true, "", withDirectory, func(w *world) *v1alpha1.ApiToken {
			return w.afterJiraSaid(alice(directory.User{Key: "U2", Active: true, FormerKey: "U1"}), v1alpha1.ReasonOwnerChanged)
		}},
		refusedAtFirst(v1alpha1.ReasonNotPermitted, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules = nil }),
		refusedAtFirst(v1alpha1.ReasonDenied, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = denyAlice() }),
		refusedAtFirst(v1alpha1.ReasonNamespaceNotAllowed, nowhere),
		{atFirst, v1alpha1.ReasonApprovalDenied, false, false, "Stalled", asksApproval, func(w *world) *v1alpha1.ApiToken {
			t := w.is(w.token("t"), v1alpha1.ReasonApprovalRequired)
			denial := w.decide(t, v1alpha1.DecisionDeny)
			w.is(t, v1alpha1.ReasonApprovalDenied)
			ready := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionReady)
			if want := `who says "` + denial.Spec.Reason + `"`; !strings.Contains(ready.Message, want) {
				w.Errorf("the denial's reason is not quoted: %s", ready.Message)
			}
			return t
		}},
		{atFirst, v1alpha1.ReasonOwnerNotFound, false, false, "Stalled", withDirectory, func(w *world) *v1alpha1.ApiToken {
			w.jira = jiraSays(alice(directory.User{}))
			return w.is(w.token("t"), v1alpha1.ReasonOwnerNotFound)
		}},
		{atFirst, v1alpha1.ReasonOwnerInactive, false, false, "Stalled", withDirectory, func(w *world) *v1alpha1.ApiToken {
			w.jira = jiraSays(alice(directory.User{Key: "U1"}))
			return w.is(w.token("t"), v1alpha1.ReasonOwnerInactive)
		}},
		{atFirst, v1alpha1.ReasonExpired, false, false, "Stalled", nil, func(w *world) *v1alpha1.ApiToken {
			past := metav1.NewTime(time.Now().Add(-time.Hour))
			return w.is(w.token("t", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime, t.Spec.ExpiresAt = "", &past }), v1alpha1.ReasonExpired)
		}},
		{"waits for an approval", v1alpha1.ReasonApprovalRequired, false, false, "Reconciling", asksApproval, func(w *world) *v1alpha1.ApiToken {
			return w.is(w.token("t"), v1alpha1.ReasonApprovalRequired)
		}},
		{"its rules ask who declared it, and it has no valid stamp", v1alpha1.ReasonRequesterUnknown, false, false, "Reconciling", asksWho, func(w *world) *v1alpha1.ApiToken {
			forged := map[string]string{v1alpha1.AnnotationRequestedBy: "forged"}
			return w.is(w.token("t", func(t *v1alpha1.ApiToken) { t.Annotations = forged }), v1alpha1.ReasonRequesterUnknown)
		}},
		{"Jira has not said what its owner or groups are, or not for too long", v1alpha1.ReasonDirectoryPending, false, false, "Reconciling", withDirectory, func(w *world) *v1alpha1.ApiToken {
			return w.is(w.token("t"), v1alpha1.ReasonDirectoryPending)
		}},
		{"takes the place of a younger token of its owner, which is being blocked", v1alpha1.ReasonPlacePending, false, false, "Reconciling", onePlace, placePending},
		{"its declared hash belongs to another ApiToken", v1alpha1.ReasonHashTaken, false, false, "Stalled", nil, func(w *world) *v1alpha1.ApiToken {
			_, taken := w.sameHash()
			return w.is(taken, v1alpha1.ReasonHashTaken)
		}},
		{"its declared hash was accepted before the policy's `revokeIssuedBefore`", v1alpha1.ReasonHashTooOld, false, true, "", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t", declaring(w.hash()))
			after := metav1.NewTime(t.Status.Credential.IssuedAt.Add(time.Minute))
			w.clock.SetTime(after.Add(time.Hour))
			edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.RevokeIssuedBefore = &after })
			return w.is(t, v1alpha1.ReasonHashTooOld)
		}},
		{"the hash Secret of its declared hash was deleted", v1alpha1.ReasonHashRevoked, false, false, "Stalled", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t", declaring(w.hash()))
			must(w, plane.Client.Delete(w.Context(), w.hashSecret(t)))
			return w.is(t, v1alpha1.ReasonHashRevoked)
		}},
		{"its declared hash is its own, and another credential that has it is being ended", v1alpha1.ReasonHashPending, false, false, "Reconciling", nil, func(w *world) *v1alpha1.ApiToken {
			first, second := w.sameHash()
			w.is(second, v1alpha1.ReasonHashTaken)
			must(w, plane.Client.Delete(w.Context(), first)) // its finalizer holds it
			return w.is(second, v1alpha1.ReasonHashPending)
		}},
		{"its Secret's name is taken", v1alpha1.ReasonSecretConflict, false, false, "Stalled", nil, func(w *world) *v1alpha1.ApiToken {
			w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "t"}})
			return w.is(w.token("t"), v1alpha1.ReasonSecretConflict)
		}},
		{"the API server did not take its Secret (quota, admission, a webhook that is down)", v1alpha1.ReasonSecretRefused, false, false, "Stalled", nil, func(w *world) *v1alpha1.ApiToken {
			w.tokens.Client = quota{w.tokens.Client, w.namespace}
			return w.is(w.token("t"), v1alpha1.ReasonSecretRefused)
		}},
		{"the owner's Jira token is missing (`impersonation.ownerTokens`)", v1alpha1.ReasonOwnerCredentialMissing, false, false, "Reconciling", byOwners, func(w *world) *v1alpha1.ApiToken {
			return w.is(w.token("t"), v1alpha1.ReasonOwnerCredentialMissing)
		}},
		{"the manager does not work on its policy's namespace", v1alpha1.ReasonPolicyNotWatched, false, false, "Stalled", nil, func(w *world) *v1alpha1.ApiToken {
			w.tokens.Namespaces = namespaced.Set{w.namespace}
			return w.is(w.token("t"), v1alpha1.ReasonPolicyNotWatched)
		}},
		{"the policy is missing or not usable", v1alpha1.ReasonPolicyNotFound, false, false, "Reconciling", nil, func(w *world) *v1alpha1.ApiToken {
			return w.is(w.token("t", func(t *v1alpha1.ApiToken) { t.Spec.PolicyRef.Name = "none" }), v1alpha1.ReasonPolicyNotFound)
		}},
		{"the policy is missing or not usable", v1alpha1.ReasonPolicyNotReady, false, false, "Reconciling", nil, func(w *world) *v1alpha1.ApiToken {
			second := newPolicy(w.policy.Namespace, w.namespace)
			second.Name = "second"
			w.createAfter(w.policy, second)
			return w.is(w.token("t", func(t *v1alpha1.ApiToken) { t.Spec.PolicyRef.Name = "second" }), v1alpha1.ReasonPolicyNotReady)
		}},
		{"its namespace is being deleted, or its policy before it was live", v1alpha1.ReasonTerminating, false, false, "Reconciling", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.token("t")
			must(w, plane.Client.Delete(w.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}))
			return w.is(t, v1alpha1.ReasonTerminating)
		}},
		{"issued by a newer version of the operator", v1alpha1.ReasonNewerVersion, false, false, "Reconciling", nil, func(w *world) *v1alpha1.ApiToken {
			t := w.issued("t")
			edit(w, w.hashSecret(t), func(s *corev1.Secret) {
				s.Data[grant.DataKey] = bytes.Replace(s.Data[grant.DataKey], []byte(`{"version":1,`), []byte(`{"version":2,`), 1)
			})
			return w.is(t, v1alpha1.ReasonNewerVersion)
		}},
	}
}

func refusedAtFirst(reason string, policy func(*v1alpha1.TokenPolicy)) tokenState {
	return tokenState{atFirst, reason, false, false, "Stalled", policy, func(w *world) *v1alpha1.ApiToken { return w.is(w.token("t"), reason) }}
}

// afterJiraSaid has a live token, whose owner becomes another one in Jira.
func (w *world) afterJiraSaid(u *directory.User, reason string) *v1alpha1.ApiToken {
	w.Helper()
	w.jira = jiraSays(&directory.User{Name: "alice", Key: "U1", Active: true, CheckedAt: time.Now()})
	t := w.issued("t")
	w.jira = jiraSays(u)
	return w.is(t, reason)
}

// withExpiring reconciles until the warning is there.
func (w *world) withExpiring(t *v1alpha1.ApiToken) *v1alpha1.ApiToken {
	w.Helper()
	eventually(w, "it is expiring", func() bool {
		w.is(t, v1alpha1.ReasonIssued)
		return has(t.Status.Conditions, v1alpha1.ConditionExpiring)
	})
	return t
}

// unused writes what the controller of tokens' activity would.
func (w *world) unused(t *v1alpha1.ApiToken) *v1alpha1.ApiToken {
	w.Helper()
	eventually(w, "it is written", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
		meta.SetStatusCondition(&t.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionUnused, Status: metav1.ConditionTrue, Reason: "NotUsed", Message: "nobody has used it",
		})
		return plane.Client.Status().Update(w.Context(), t) == nil
	})
	return w.is(t, v1alpha1.ReasonIssued)
}

// sameHash declares a hash twice; the first one has it.
func (w *world) sameHash() (first, second *v1alpha1.ApiToken) {
	w.Helper()
	hash := w.hash()
	first = w.issued("first", declaring(hash))
	return first, w.tokenAfter(first, "t", declaring(hash))
}

func (w *world) hash() v1alpha1.TokenHash {
	w.Helper()
	made, err := token.Generate(rand.Reader)
	must(w, err)
	text, err := made.Hash().MarshalText()
	must(w, err)
	return v1alpha1.TokenHash(text)
}

func declaring(hash v1alpha1.TokenHash) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) { t.Spec.TokenHash = hash }
}

// placePending: an older token comes to be permitted, and the younger one is not blocked yet.
func placePending(w *world) *v1alpha1.ApiToken {
	w.Helper()
	older := w.is(w.token("t", func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"admin"} }), v1alpha1.ReasonNotPermitted)
	w.is(w.tokenAfter(older, "younger"), v1alpha1.ReasonIssued)
	edit(w, older, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"read"} })
	return w.is(older, v1alpha1.ReasonPlacePending)
}

func jiraSays(u *directory.User) *directory.Snapshot {
	now := time.Now()
	missing := func(name string) *directory.Group { return &directory.Group{Name: name, Missing: true, SyncedAt: now} }
	return &directory.Snapshot{
		Users: map[string]*directory.User{u.Name: u},
		Groups: map[string]*directory.Group{
			"jira-administrators": missing("jira-administrators"), "jira-system-administrators": missing("jira-system-administrators"),
		},
	}
}

func denyAlice() *v1alpha1.Deny { return &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"alice"}} }

func nowhere(p *v1alpha1.TokenPolicy) {
	p.Spec.AllowedNamespaces.Names = []v1alpha1.NamespaceName{"elsewhere"}
}

func asksWho(p *v1alpha1.TokenPolicy) {
	p.Spec.Requesters = &v1alpha1.Requesters{StripPrefix: "oidc:"}
	p.Spec.Rules[0].Create = &v1alpha1.Create{Self: true}
}

func asksApproval(p *v1alpha1.TokenPolicy) {
	p.Spec.Rules[0].Approval = &v1alpha1.RuleApproval{Required: true}
}

func onePlace(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.MaxTokensPerOwner = new(int32(1)) }

func withDirectory(p *v1alpha1.TokenPolicy) {
	p.Spec.Directory = &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "directory"}, MaxStaleness: "24h"}
}

func byOwners(p *v1alpha1.TokenPolicy) {
	p.Spec.Impersonation = v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}}
}

// quota refuses every Secret of a namespace, as a ResourceQuota would.
type quota struct {
	client.Client

	namespace string
}

func (q quota) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	if o.GetNamespace() == q.namespace {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, o.GetName(), errors.New("exceeded quota"))
	}
	return q.Client.Create(ctx, o, opts...)
}
