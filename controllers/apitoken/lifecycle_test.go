// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func TestIssue(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) {
		t.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "apps", "app.kubernetes.io/instance": "argo"}
		t.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "apps:jiratokens.io/ApiToken:x"}
	})
	plaintext := w.issued(tok)
	parsed, err := token.Parse(plaintext)
	must(t, err)

	slots := w.slots(tok)
	if len(slots) != 1 || slots[0].credential.Hash != parsed.Hash() || slots[0].credential.State != grant.Active {
		t.Fatalf("slots: %+v", slots)
	}
	if got := slots[0].secret.Name; got != string(tok.UID)+"-0" {
		t.Errorf("slot is named %s", got)
	}
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "ci"}, &secret))
	want := map[string]string{
		"username": "svc-ci", "password": plaintext, "uri": "https://jira-api.example/jira",
		"host": "jira-api.example", "type": "jira", "provider": "jiratokens",
	}
	for key, value := range want {
		if string(secret.Data[key]) != value {
			t.Errorf("%s is %q, want %q", key, secret.Data[key], value)
		}
	}
	if secret.Type != corev1.SecretTypeOpaque || !metav1.IsControlledBy(&secret, tok) {
		t.Errorf("type %s, owners %v", secret.Type, secret.OwnerReferences)
	}
	for _, key := range []string{"kustomize.toolkit.fluxcd.io/name", "app.kubernetes.io/instance"} {
		if _, copied := secret.Labels[key]; copied || len(secret.Annotations) > 2 {
			t.Errorf("tracking metadata was copied: %v %v", secret.Labels, secret.Annotations)
		}
	}
	if tok.Status.Binding.Name != "ci" || tok.Status.Credential.ID != parsed.ID() || tok.Status.Rule != "bots" {
		t.Errorf("status %+v", tok.Status)
	}
	assertNoPlaintext(w, tok, plaintext)
}

// assertNoPlaintext looks for the token and its hash where neither may be.
func assertNoPlaintext(w *world, tok *v1alpha1.ApiToken, plaintext string) {
	w.Helper()
	object, err := json.Marshal(tok)
	must(w, err)
	var told []string
	for len(w.manager.events.Events) > 0 {
		told = append(told, <-w.manager.events.Events)
	}
	hash, _ := token.HashOf(plaintext).MarshalText()
	text := string(object) + strings.Join(told, "\n")
	if len(told) == 0 || strings.Contains(text, plaintext) || strings.Contains(text, strings.TrimPrefix(string(hash), "sha256:")) {
		w.Errorf("token or hash in the object or in events, or no event: %s", text)
	}
}

func TestNoOpWritesNothing(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	versions := func() []string {
		var list corev1.SecretList
		must(t, plane.Client.List(t.Context(), &list))
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok))
		out := []string{tok.ResourceVersion}
		for i := range list.Items {
			out = append(out, list.Items[i].ResourceVersion)
		}
		return out
	}
	before := versions()
	restarted := w.startManager(refuseWrites)
	for range 5 {
		restarted.run(w, tok)
	}
	if after := versions(); !slices.Equal(before, after) {
		t.Errorf("resource versions went from %v to %v", before, after)
	}
}

func TestReissue(t *testing.T) {
	harm := map[string]func(*world, *v1alpha1.ApiToken){
		"token Secret deleted": func(w *world, t *v1alpha1.ApiToken) {
			must(w, plane.Client.Delete(w.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: t.SecretName()}}))
		},
		"token tampered with": func(w *world, t *v1alpha1.ApiToken) {
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: t.SecretName()}}
			edit(w, secret, func(s *corev1.Secret) { s.Data[keyToken] = []byte("jat_of_mine") })
		},
		"hash Secret deleted (break-glass)": func(w *world, t *v1alpha1.ApiToken) {
			must(w, plane.Client.Delete(w.Context(), w.slots(t)[0].secret))
		},
		"hash Secret damaged": func(w *world, t *v1alpha1.ApiToken) {
			edit(w, w.slots(t)[0].secret, func(s *corev1.Secret) { s.Data[grant.DataKey] = []byte("{") })
		},
	}
	for name, do := range harm {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tok := w.token("ci")
			first := w.issued(tok)
			do(w, tok)
			w.reconcileUntil(tok, "a new credential is live", func() bool {
				return w.liveMatches(tok) && w.plaintext(tok) != first
			})
			if w.reason(tok) != v1alpha1.ReasonIssued {
				t.Errorf("reason %s", w.reason(tok))
			}
			var told string
			for len(w.manager.events.Events) > 0 {
				told += <-w.manager.events.Events
			}
			if !strings.Contains(told, "Warning Reissued") {
				t.Errorf("no warning: %s", told)
			}
		})
	}
}

// liveMatches: exactly one credential is live and the token Secret holds it.
func (w *world) liveMatches(t *v1alpha1.ApiToken) bool {
	w.Helper()
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.InNamespace(t.Namespace), client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)}))
	slots := w.slots(t)
	return len(slots) == 1 && len(list.Items) == 1 && slots[0].credential != nil && list.Items[0].Name == t.SecretName() &&
		slots[0].credential.Hash == token.HashOf(string(list.Items[0].Data[keyToken]))
}

func TestRepairKeepsTheCredential(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	first := w.issued(tok)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: tok.Namespace, Name: "ci"}}
	edit(w, secret, func(s *corev1.Secret) { s.Data[keyURI] = []byte("https://evil.example"); s.Data["note"] = []byte("x") })
	w.reconcileUntil(tok, "the URI is put right", func() bool {
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(secret), secret))
		return string(secret.Data[keyURI]) == "https://jira-api.example/jira"
	})
	if string(secret.Data["note"]) != "x" || string(secret.Data[keyPassword]) != first || w.plaintext(tok) != first {
		t.Error("more was changed than was wrong")
	}
	edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Jira.PublicURL = "https://new.example/jira" })
	w.reconcileUntil(tok, "the URI follows the policy", func() bool {
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(secret), secret))
		return string(secret.Data[keyURI]) == "https://new.example/jira" && w.plaintext(tok) == first
	})
}

func TestForeignSecret(t *testing.T) {
	w := newWorld(t)
	foreign := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"},
		Data:       map[string][]byte{"mine": []byte("1")},
	}
	w.create(foreign)
	tok := w.token("ci")
	w.reconcileUntil(tok, "the conflict is reported", func() bool { return w.reason(tok) == v1alpha1.ReasonSecretConflict })
	if w.condition(tok, v1alpha1.ConditionStalled) != metav1.ConditionTrue || len(w.slots(tok)) != 0 {
		t.Errorf("status %+v, slots %v", tok.Status, w.slots(tok))
	}
	version := foreign.ResourceVersion
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(foreign), foreign))
	if foreign.ResourceVersion != version {
		t.Error("the foreign Secret was touched")
	}
	if after := w.manager.run(w, tok).RequeueAfter; after != secretRetry {
		t.Errorf("looked at again after %s", after)
	}
	must(t, plane.Client.Delete(t.Context(), foreign))
	w.issued(tok)
	if !w.liveMatches(tok) {
		t.Error("not issued after the conflict went")
	}
}

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	must(t, plane.Client.Delete(t.Context(), tok))
	w.reconcileUntil(tok, "the ApiToken is gone", func() bool {
		return plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), &v1alpha1.ApiToken{}) != nil
	})
	var list corev1.SecretList
	must(t, plane.Client.List(t.Context(), &list, client.MatchingLabels{v1alpha1.LabelTokenUID: string(tok.UID)}))
	if len(list.Items) != 0 {
		t.Errorf("left: %d Secrets", len(list.Items))
	}
}

func TestSweepOrphans(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	old := *tok
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Finalizers = nil })
	must(t, plane.Client.Delete(t.Context(), tok))
	again := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "ci-2"} })
	w.reconcileUntil(again, "the orphan is gone and the new token live", func() bool {
		return len(w.slots(&old)) == 0 && w.liveMatches(again)
	})
}

func TestExpiryBelongsToTheGrant(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "1h" })
	first := w.issued(tok)
	expiry := w.slots(tok)[0].credential.ExpiresAt
	if want := tok.CreationTimestamp.Add(time.Hour); !expiry.Equal(want) {
		t.Fatalf("expires at %s, want %s", expiry, want)
	}
	w.clock.SetTime(w.clock.Now().Add(30 * time.Minute))
	want := expiry.Sub(w.clock.Now()) - time.Hour/5 // the API server's clock and ours may be a second apart
	w.eventually("it looks again before the expiry", func() bool { return w.manager.run(w, tok).RequeueAfter == want })
	must(t, plane.Client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}))
	w.reconcileUntil(tok, "re-issued", func() bool { return w.liveMatches(tok) })
	if got := w.slots(tok)[0].credential.ExpiresAt; !got.Equal(*expiry) {
		t.Errorf("re-issuing moved the expiry to %s", got)
	}
	second := w.plaintext(tok)
	w.clock.SetTime(w.clock.Now().Add(31 * time.Minute))
	w.reconcileUntil(tok, "expired", func() bool { return w.reason(tok) == v1alpha1.ReasonExpired })
	if w.condition(tok, v1alpha1.ConditionReady) != metav1.ConditionTrue || w.plaintext(tok) != second || first == second {
		t.Errorf("status %+v", tok.Status)
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Lifetime = "2h" })
	w.reconcileUntil(tok, "renewed", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued })
	if got, want := w.slots(tok)[0].credential.ExpiresAt, w.clock.Now().Add(2*time.Hour); got.Sub(want).Abs() > 2*time.Second || w.plaintext(tok) != second {
		t.Errorf("renewed until %s, want %s from now", got, want)
	}
}
