// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func allowsHashes(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.TokenHash = true }

// madeElsewhere is a token as its holder makes it, and its hash as they declare it.
func madeElsewhere(t *testing.T) (token.Token, v1alpha1.TokenHash) {
	t.Helper()
	plaintext, err := token.Generate(rand.Reader)
	must(t, err)
	return plaintext, hashText(t, plaintext.Hash())
}

func someHash(t *testing.T) v1alpha1.TokenHash {
	t.Helper()
	_, hash := madeElsewhere(t)
	return hash
}

func hashText(t *testing.T, h token.Hash) v1alpha1.TokenHash {
	t.Helper()
	text, err := h.MarshalText()
	must(t, err)
	return v1alpha1.TokenHash(text)
}

func declaring(hash v1alpha1.TokenHash) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) { t.Spec.TokenHash, t.Spec.Secret = hash, nil }
}

// hasOnly tells whether the token's declared hash is its only credential and lets requests through, and it has no Secret.
func (w *world) hasOnly(t *v1alpha1.ApiToken) bool {
	w.Helper()
	slots := w.slots(t)
	return len(slots) == 1 && isAccepted(t, &slots[0]) && slots[0].credential.State == grant.Active && len(w.tokenSecrets(t)) == 0
}

func (w *world) tokenSecrets(t *v1alpha1.ApiToken) []corev1.Secret {
	w.Helper()
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.InNamespace(t.Namespace), client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)}))
	return list.Items
}

// accepted reconciles until the declared hash is in force.
func (w *world) accepted(t *v1alpha1.ApiToken) {
	w.Helper()
	w.reconcileUntil(t, "the declared hash is in force", func() bool { return w.reason(t) == v1alpha1.ReasonIssued && w.hasOnly(t) })
}

// stays reconciles some times, with a manager whose cache is complete and with one that has just started, and wants
// nothing to change.
func (w *world) stays(t *v1alpha1.ApiToken, reason string, slots int) {
	w.Helper()
	for range 2 {
		w.waitsOrIs(t, reason)
		for range 5 {
			w.manager.run(w, t)
		}
		if got := w.reason(t); got != reason || len(w.slots(t)) != slots {
			w.Fatalf("it is %s with %d credentials, want %s with %d", got, len(w.slots(t)), reason, slots)
		}
		w.manager = w.startManager(nil)
	}
}

func (w *world) waitsOrIs(t *v1alpha1.ApiToken, reason string) {
	w.Helper()
	w.reconcileUntil(t, "it is "+reason, func() bool { return w.reason(t) == reason })
}

func TestDeclaredHash(t *testing.T) {
	w := newWorld(t, allowsHashes)
	plaintext, hash := madeElsewhere(t)
	tok := w.token("ci", declaring(hash))
	w.accepted(tok)
	c := w.slots(tok)[0].credential
	if c.Hash != plaintext.Hash() || c.ID != c.Hash.DerivedID() || !c.ExpiresAt.Equal(tok.CreationTimestamp.Add(24*time.Hour)) {
		t.Errorf("credential %+v", c)
	}
	if tok.Status.Binding != nil || tok.Status.Credential == nil || tok.Status.Credential.ID != c.ID || tok.Status.Rule != "bots" {
		t.Errorf("status %+v", tok.Status)
	}
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionActive} {
		if w.condition(tok, kind) != metav1.ConditionTrue {
			t.Errorf("%s: %+v", kind, tok.Status.Conditions)
		}
	}
	withoutSpec := tok.DeepCopy()
	withoutSpec.Spec.TokenHash, withoutSpec.ManagedFields = "", nil
	assertNoPlaintext(w, withoutSpec, plaintext.Reveal())

	// Applied again, or seen again by another manager: nothing is written.
	before := w.slots(tok)[0].secret.ResourceVersion
	object, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "ApiToken",
		"metadata": map[string]any{"name": tok.Name, "namespace": tok.Namespace}, "spec": tok.Spec,
	})
	must(t, err)
	for range 2 {
		must(t, plane.Client.Patch(t.Context(), tok.DeepCopy(), client.RawPatch("application/apply-patch+yaml", object),
			client.FieldOwner("kustomize-controller"), client.ForceOwnership))
	}
	restarted := w.startManager(refuseWrites)
	for range 3 {
		restarted.run(w, tok)
	}
	if s := w.slots(tok); len(s) != 1 || s[0].secret.ResourceVersion != before {
		t.Errorf("applying it again wrote something: %+v", s)
	}
}

func TestDeclaredHashNeedsARule(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", declaring(someHash(t)))
	w.stays(tok, v1alpha1.ReasonNotPermitted, 0)
	if c := tok.Status.Conditions; !strings.Contains(c[0].Message, "take spec.tokenHash out") || w.condition(tok, v1alpha1.ConditionStalled) != metav1.ConditionTrue {
		t.Errorf("conditions %+v", c)
	}
	edit(w, w.policy, allowsHashes)
	w.accepted(tok)
	secret := w.slots(tok)[0].secret
	edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.TokenHash = false })
	w.waits(tok, v1alpha1.ReasonNotPermitted)
	edit(w, w.policy, allowsHashes)
	w.accepted(tok)
	if w.slots(tok)[0].secret.UID != secret.UID {
		t.Error("not the same credential")
	}
}

// TestDeclaredHashLivesAsOthersDo: suspend, block, expire and renew keep the credential.
func TestDeclaredHashLivesAsOthersDo(t *testing.T) {
	w := newWorld(t, asksApproval, allowsHashes)
	tok := w.token("ci", forAlice, declaring(someHash(t)), w.by("oidc:alice"))
	w.waits(tok, v1alpha1.ReasonApprovalRequired)
	given := w.decide(tok, "given", "oidc:anna", v1alpha1.DecisionApprove)
	w.accepted(tok)
	uid := w.slots(tok)[0].secret.UID
	for reason, c := range map[string]struct{ off, on func() }{
		v1alpha1.ReasonSuspended: {
			func() { edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true }) },
			func() { edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false }) },
		},
		v1alpha1.ReasonDenied: {
			func() {
				edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"ALICE"}} })
			},
			func() { edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Deny = nil }) },
		},
		v1alpha1.ReasonApprovalRequired: {
			func() { must(t, plane.Client.Delete(t.Context(), given)) },
			func() { given = w.decide(tok, "again", "oidc:anna", v1alpha1.DecisionApprove) },
		},
	} {
		c.off()
		w.waits(tok, reason)
		c.on()
		w.accepted(tok)
		if w.slots(tok)[0].secret.UID != uid {
			t.Errorf("after %s: another credential", reason)
		}
	}
	w.clock.SetTime(w.clock.Now().Add(25 * time.Hour))
	w.waitsOrIs(tok, v1alpha1.ReasonExpired)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "23h"; w.by("oidc:alice")(t) })
	w.decide(tok, "renewed", "oidc:anna", v1alpha1.DecisionApprove)
	w.accepted(tok)
	if s := w.slots(tok)[0]; s.secret.UID != uid || !s.credential.ExpiresAt.After(w.clock.Now()) {
		t.Errorf("renewed: %+v", s.credential)
	}
}

// TestDeclaredHashTakesAPlace: maxTokensPerOwner counts it as any other.
func TestDeclaredHashTakesAPlace(t *testing.T) {
	w := newWorld(t, twoPlaces, allowsHashes)
	var tokens []*v1alpha1.ApiToken
	for i := range 4 {
		tokens = append(tokens, w.token(fmt.Sprintf("t%d", i), declaring(someHash(t))))
	}
	w.eventually("two are in force", func() bool {
		for _, tok := range tokens {
			w.manager.run(w, tok)
		}
		if n := w.live(tokens); n > 2 {
			t.Fatalf("%d are in force", n)
		}
		return w.live(tokens) == 2
	})
}

// TestAnotherHashReplacesTheToken: the new one works before the old one ends, and the old one ends.
func TestAnotherHashReplacesTheToken(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci", declaring(someHash(t)))
	w.accepted(tok)
	next := someHash(t)
	edit(w, tok, declaring(next))
	deleted := 0
	w.manager = w.startManager(func(c client.Client) client.Client {
		return onDelete(c, func(o client.Object) {
			deleted++
			for _, s := range w.slots(tok) {
				if s.secret.UID != o.GetUID() && hashText(t, s.credential.Hash) == next && s.credential.State == grant.Active {
					return
				}
			}
			t.Errorf("%s is deleted before another one works", o.GetName())
		})
	})
	w.accepted(tok)
	if s := w.slots(tok)[0]; hashText(t, s.credential.Hash) != next || s.number != 1 || deleted != 1 {
		t.Errorf("slot %d, %d were deleted", s.number, deleted)
	}
}

func TestFromSecretToHashAndBack(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci")
	first := w.issued(tok)
	hash := someHash(t)
	edit(w, tok, declaring(hash))
	w.accepted(tok)
	if s := w.slots(tok)[0]; hashText(t, s.credential.Hash) != hash || tok.Status.Binding != nil {
		t.Errorf("credential %+v, status %+v", s.credential, tok.Status)
	}
	edit(w, tok, declaring(""))
	w.reconcileUntil(tok, "issued again", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued && w.liveMatches(tok) })
	if w.plaintext(tok) == first || tok.Annotations[annotationAccepted] != "" {
		t.Errorf("the former token is back, or its hash is remembered: %v", tok.Annotations)
	}
	edit(w, tok, declaring(hash)) // as when a commit is reverted
	w.accepted(tok)
}

// TestHashOfTheIssuedToken: a token that the operator made goes on as one whose plaintext it has no more.
func TestHashOfTheIssuedToken(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci")
	plaintext := w.issued(tok)
	uid := w.slots(tok)[0].secret.UID
	edit(w, tok, declaring(hashText(t, token.HashOf(plaintext))))
	w.accepted(tok)
	if w.slots(tok)[0].secret.UID != uid {
		t.Error("another credential")
	}
}

// TestHashOfAReplacedToken: one that the operator made and replaced goes on by its hash, with the credential that it had.
func TestHashOfAReplacedToken(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci")
	first := w.issued(tok)
	edit(w, tok, request("now"))
	w.rotated(tok, first)
	w.quiet(tok)
	uid := w.slots(tok)[0].secret.UID
	edit(w, tok, declaring(hashText(t, token.HashOf(first))))
	w.accepted(tok)
	if s := w.slots(tok)[0]; s.secret.UID != uid || s.credential.RetireAt != nil || !w.works(tok, first) {
		t.Errorf("another credential, or it retires: %+v", s.credential)
	}
}

// TestDeletedHashSecretEndsTheToken: break-glass. It stays ended until another hash is declared.
func TestDeletedHashSecretEndsTheToken(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	tok := w.token("ci", declaring(hash))
	w.accepted(tok)
	must(t, plane.Client.Delete(t.Context(), w.slots(tok)[0].secret))
	w.stays(tok, v1alpha1.ReasonHashRevoked, 0)
	if c := tok.Status.Conditions; !strings.Contains(c[0].Message, "make another token and declare its hash") ||
		w.condition(tok, v1alpha1.ConditionStalled) != metav1.ConditionTrue || w.condition(tok, v1alpha1.ConditionActive) != metav1.ConditionFalse {
		t.Errorf("conditions %+v", c)
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.waitsOrIs(tok, v1alpha1.ReasonSuspended)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
	w.stays(tok, v1alpha1.ReasonHashRevoked, 0)

	edit(w, tok, declaring(someHash(t)))
	w.accepted(tok)
	if s := w.slots(tok)[0]; s.number != 1 {
		t.Errorf("the number %d is used again", s.number)
	}
}

// TestCreatedAgainFromABackup: the annotation speaks of the very ApiToken that it was written into.
func TestCreatedAgainFromABackup(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	tok := w.token("ci", declaring(hash))
	w.accepted(tok)
	must(t, plane.Client.Delete(t.Context(), tok))
	w.reconcileUntil(tok, "it is gone", func() bool { return isGone(w, tok) })
	w.accepted(w.token("ci", declaring(hash), func(c *v1alpha1.ApiToken) { c.Annotations = tok.Annotations }))
}

// TestDamagedHashSecretEndsTheToken: what can't be read grants nothing and is not repaired.
func TestDamagedHashSecretEndsTheToken(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci", declaring(someHash(t)))
	w.accepted(tok)
	edit(w, w.slots(tok)[0].secret, func(s *corev1.Secret) { s.Data[grant.DataKey] = []byte("{") })
	w.stays(tok, v1alpha1.ReasonHashRevoked, 0)
}

// TestLabelsTakenOffTheHashSecret: it is not gone, only hidden.
func TestLabelsTakenOffTheHashSecret(t *testing.T) {
	for _, label := range []string{v1alpha1.LabelPolicy, v1alpha1.LabelTokenUID} {
		w := newWorld(t, allowsHashes)
		tok := w.token("ci", declaring(someHash(t)))
		w.accepted(tok)
		secret := w.slots(tok)[0].secret
		edit(w, secret, func(s *corev1.Secret) { delete(s.Labels, label) })
		w.reconcileUntil(tok, "it has its labels again", func() bool {
			must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(secret), secret))
			return secret.Labels[label] != "" && w.reason(tok) == v1alpha1.ReasonIssued && w.hasOnly(tok)
		})
		if w.slots(tok)[0].secret.UID != secret.UID {
			t.Errorf("without %s: another credential", label)
		}
	}
}

// TestRevokeDeclaredHashWithACacheBehind: what the cache has missed is found by what the ApiToken says.
func TestRevokeDeclaredHashWithACacheBehind(t *testing.T) {
	w := newWorld(t, allowsHashes)
	tok := w.token("ci", declaring(someHash(t)))
	w.accepted(tok)
	for range 2 {
		edit(w, tok, declaring(someHash(t)))
		w.accepted(tok)
	}
	must(t, plane.Client.Delete(t.Context(), tok))
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok))
	must(t, w.manager.revoke(t.Context(), tok, nil))
	if n := len(w.slots(tok)); n != 0 {
		t.Errorf("%d credentials outlive their ApiToken", n)
	}
}

func TestRefusedHashSecretIsReported(t *testing.T) {
	w := newWorld(t, allowsHashes)
	able := w.manager
	w.manager = w.startManager(refuseSecrets(w.policy.Namespace))
	tok := w.token("ci", declaring(someHash(t)))
	w.waitsOrIs(tok, v1alpha1.ReasonSecretRefused)
	if after := w.manager.run(w, tok).RequeueAfter; after <= 0 || after > secretRetry || !strings.Contains(tok.Status.Conditions[0].Message, "exceeded quota") {
		t.Errorf("tried again after %s, conditions %+v", after, tok.Status.Conditions)
	}
	w.manager = able
	w.accepted(tok)
}

// TestPreviewOfAHash: that a hash is taken warns, and never denies: what is moved is created before it is deleted.
func TestPreviewOfAHash(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	w.accepted(w.token("first", declaring(hash)))
	for name, c := range map[string]struct {
		hash               v1alpha1.TokenHash
		permitted, certain bool
	}{
		"free": {someHash(t), true, true}, "taken": {hash, false, false}, "unusable": {"sha256:" + v1alpha1.TokenHash(strings.Repeat("0", 64)), false, true},
	} {
		tok := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "second"}, Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-ci", Scopes: []v1alpha1.Scope{"read"}, Lifetime: "24h", TokenHash: c.hash,
			PolicyRef: v1alpha1.PolicyReference{Name: w.policy.Name, Namespace: v1alpha1.NamespaceName(w.policy.Namespace)},
		}}
		got, err := w.manager.Preview(t.Context(), tok, &grant.Requester{User: "x"})
		if err != nil || got.Permitted != c.permitted || got.Certain != c.certain {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if stamp.DigestOf(&v1alpha1.ApiTokenSpec{TokenHash: hash}) == stamp.DigestOf(&v1alpha1.ApiTokenSpec{}) {
		t.Error("the hash is not among what a requester declares")
	}
}
