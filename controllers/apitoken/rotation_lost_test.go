// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// onSecretWrites calls before an update or a deletion of a Secret; if it returns an error that is not made.
func onSecretWrites(update, deletion func(*corev1.Secret) error) func(client.Client) client.Client {
	return func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{
			Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
				if s, ok := o.(*corev1.Secret); ok && update != nil {
					if err := update(s); err != nil {
						return err
					}
				}
				return c.Update(ctx, o, opts...)
			},
			Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
				if s, ok := o.(*corev1.Secret); ok && deletion != nil {
					if err := deletion(s); err != nil {
						return err
					}
				}
				return c.Delete(ctx, o, opts...)
			},
		})
	}
}

// killedBeforeRetiring has a manager replace a token's credential, which is killed when the new one is in the Secret and the old
// one's hash Secret does not say yet when it ends. It returns the new one.
func (w *world) killedBeforeRetiring(t *v1alpha1.ApiToken, wait time.Duration) string {
	w.Helper()
	killed := false
	victim := w.startManager(onSecretWrites(func(s *corev1.Secret) error {
		if killed = killed || s.Type == v1alpha1.SecretTypeTokenHash; killed {
			return errKilled
		}
		return nil
	}, nil))
	waited := false
	w.eventually("killed", func() bool {
		result, _ := victim.Reconcile(w.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(t)})
		if begun := len(w.slots(t)) > 1; begun && !waited {
			waited = true
			w.clock.SetTime(w.clock.Now().Add(wait))
		} else if after := result.RequeueAfter; !killed && after > 0 && after <= settleDelay {
			w.clock.SetTime(w.clock.Now().Add(after))
		}
		return killed
	})
	return w.plaintext(t)
}

// TestOverlapOutlivesTheManager: whatever the next manager has to do first, what a workload was promised is kept, and no more.
func TestOverlapOutlivesTheManager(t *testing.T) {
	secretNamed := func(w *world) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}
	}
	for name, next := range map[string]func(*world, *v1alpha1.ApiToken){
		"another request": func(w *world, tok *v1alpha1.ApiToken) { edit(w, tok, request("tuesday")) },
		"and the Secret is refused": func(w *world, tok *v1alpha1.ApiToken) {
			edit(w, secretNamed(w), func(s *corev1.Secret) { s.Immutable = new(true) })
			edit(w, tok, request("tuesday"))
		},
		"and the name is taken": func(w *world, tok *v1alpha1.ApiToken) {
			w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "taken"}})
			edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "taken"} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tok := w.token("ci", rotatingEvery("", "1h"))
			first := w.issued(tok)
			w.quiet(tok)
			edit(w, tok, request("monday"))
			second := w.killedBeforeRetiring(tok, settleDelay)
			written := w.clock.Now()
			next(w, tok)
			w.seen(tok)
			w.stepUntil(tok, "it is said when the old one ends", func() bool {
				c := w.credentialOf(tok, first)
				return c != nil && c.RetireAt != nil
			})
			w.quiet(tok)
			if !w.works(tok, first) || !w.works(tok, second) {
				t.Fatal("one that a workload has is refused")
			}
			w.clock.SetTime(written.Add(time.Hour + pendingFor))
			if w.works(tok, first) {
				t.Error("the old one is accepted for longer than promised")
			}
		})
	}
}

// TestOverlapCountsFromALateWrite: as late as a credential may be written, a killed manager takes nothing off the overlap.
func TestOverlapCountsFromALateWrite(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "10m"))
	first := w.issued(tok)
	w.quiet(tok)
	edit(w, tok, request("monday"))
	w.killedBeforeRetiring(tok, pendingFor-time.Second)
	written := w.clock.Now()
	w.clock.SetTime(written.Add(5 * time.Minute)) // nobody was there
	w.quiet(tok)
	if at := w.credentialOf(tok, first).RetireAt; at == nil || at.Sub(written) < 10*time.Minute {
		t.Errorf("it ends at %v, the Secret was written at %s", at, written)
	}
}

// TestRenamedBackAfterAKill: what the Secret of the name in between holds is no abandoned credential.
func TestRenamedBackAfterAKill(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci", rotatingEvery("", "24h"))
	first := w.issued(tok)
	w.quiet(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "other"} })
	second := w.killedBeforeRetiring(tok, settleDelay)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = nil })
	w.seen(tok)
	w.clock.SetTime(w.clock.Now().Add(abandonedAfter))
	third := w.rotated(tok, first)
	w.quiet(tok)
	if !w.works(tok, first) || !w.works(tok, second) || !w.works(tok, third) || len(w.slots(tok)) != 3 {
		t.Errorf("slots %+v", w.slots(tok))
	}
}

// TestPausedAtDelete: a leader is about to delete the Secret of an earlier name, as its cache had it, when another one moves the
// token back there.
func TestPausedAtDelete(t *testing.T) {
	w := newWorld(t)
	other := w.manager
	var atDelete func()
	leader := w.startManager(onSecretWrites(nil, func(s *corev1.Secret) error {
		if s.Name == "ci" && s.Namespace == w.namespace && atDelete != nil {
			atDelete()
			atDelete = nil
		}
		return nil
	}))
	w.manager = leader
	tok := w.token("ci", rotatingEvery("", "10m"))
	first := w.issued(tok)
	w.quiet(tok)
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = &v1alpha1.TokenSecret{Name: "other"} })
	w.seen(tok)
	w.rotated(tok, first)
	w.quiet(tok)
	third := ""
	atDelete = func() {
		w.manager = other
		edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Secret = nil })
		w.seen(tok)
		third = w.rotated(tok, first)
	}
	w.clock.SetTime(w.clock.Now().Add(11 * time.Minute))
	w.eventually("paused", func() bool {
		_, _ = leader.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
		return third != ""
	})
	if secret := w.secretOf(tok); secret == nil || string(secret.Data[keyToken]) != third {
		t.Error("the Secret that holds the credential now was deleted")
	}
}

// TestDeletedAtWrite: a Secret that goes just as the next credential is written into it is no refusal: it is issued anew.
func TestDeletedAtWrite(t *testing.T) {
	w := newWorld(t)
	deleted := false
	w.manager = w.startManager(onSecretWrites(func(s *corev1.Secret) error {
		if s.Namespace == w.namespace && !deleted {
			deleted = true
			return plane.Client.Delete(t.Context(), s.DeepCopy())
		}
		return nil
	}, nil))
	tok := w.token("ci", rotatingEvery("", "2h"))
	first := w.issued(tok)
	w.quiet(tok)
	edit(w, tok, request("now"))
	w.eventually("issued anew", func() bool {
		w.step(w.manager, tok)
		if w.reason(tok) == v1alpha1.ReasonSecretRefused {
			t.Fatal("reported as refused")
		}
		return deleted && w.secretOf(tok) != nil && w.plaintext(tok) != first
	})
	w.quiet(tok)
	if !w.liveMatches(tok) || w.works(tok, first) {
		t.Errorf("slots %+v", w.slots(tok))
	}
}
