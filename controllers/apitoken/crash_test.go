// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

var errKilled = errors.New("killed")

// onWrite calls before for each write; if it returns an error the write is not made, and after can replace its result.
func onWrite(c client.Client, before func() error, after func(error) error) client.Client {
	run := func(write func() error) error {
		if err := before(); err != nil {
			return err
		}
		return after(write())
	}
	return interceptor.NewClient(c.(client.WithWatch), interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return run(func() error { return c.Create(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return run(func() error { return c.Update(ctx, o, opts...) })
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
			return run(func() error { return c.Patch(ctx, o, p, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return run(func() error { return c.Delete(ctx, o, opts...) })
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			return run(func() error { return c.SubResource(sub).Patch(ctx, o, p, opts...) })
		},
	})
}

// watchable makes a cluster's client acceptable to the interceptor, which asks for a Watch that nobody here calls.
type watchable struct{ client.Client }

func (watchable) Watch(context.Context, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
	return nil, errors.New("not watched")
}

func refuseWrites(c client.Client) client.Client {
	return onWrite(watchable{c}, func() error { return errors.New("a write where none was needed") }, func(err error) error { return err })
}

// killAt kills a manager before or after its n-th write: every later write fails.
func killAt(n int, afterwards bool, killed *bool) func(client.Client) client.Client {
	writes := 0
	return func(c client.Client) client.Client {
		return onWrite(watchable{c}, func() error {
			if *killed || (writes == n && !afterwards) {
				*killed = true
				return errKilled
			}
			return nil
		}, func(err error) error {
			writes++
			if writes == n+1 && afterwards {
				*killed = true
				return errKilled
			}
			return err
		})
	}
}

// TestKilledAtEachWrite kills the manager before and after each write of issue, re-issue and delete. Another one,
// started afresh, must end with exactly one live credential that the token Secret matches, or with nothing at all.
func TestKilledAtEachWrite(t *testing.T) {
	flows := map[string]struct {
		prepare func(*world, *v1alpha1.ApiToken)
		done    func(*world, *v1alpha1.ApiToken) bool
	}{
		"issue": {func(*world, *v1alpha1.ApiToken) {}, isLive},
		"re-issue": {func(w *world, t *v1alpha1.ApiToken) {
			w.issued(t)
			must(w, plane.Client.Delete(w.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: t.SecretName()}}))
		}, isLive},
		"re-issue after tampering": {func(w *world, t *v1alpha1.ApiToken) {
			w.issued(t)
			secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: t.Namespace, Name: t.SecretName()}}
			edit(w, secret, func(s *corev1.Secret) { s.Data[keyToken] = []byte("x") })
		}, isLive},
		"accept a declared hash": {func(w *world, t *v1alpha1.ApiToken) { edit(w, t, declaring(someHash(w.T))) }, acceptsHash},
		"another declared hash": {func(w *world, t *v1alpha1.ApiToken) {
			edit(w, t, declaring(someHash(w.T)))
			w.accepted(t)
			edit(w, t, declaring(someHash(w.T)))
		}, acceptsHash},
		"from secret to declared hash": {func(w *world, t *v1alpha1.ApiToken) {
			w.issued(t)
			edit(w, t, declaring(someHash(w.T)))
		}, acceptsHash},
		"from declared hash to secret": {func(w *world, t *v1alpha1.ApiToken) {
			edit(w, t, declaring(someHash(w.T)))
			w.accepted(t)
			edit(w, t, declaring(""))
		}, isLive},
		"delete": {func(w *world, t *v1alpha1.ApiToken) {
			w.issued(t)
			must(w, plane.Client.Delete(w.Context(), t))
		}, isGone},
	}
	for name, flow := range flows {
		t.Run(name, func(t *testing.T) {
			for n, more := 0, true; more; n++ {
				for _, afterwards := range []bool{false, true} {
					more = killOnce(t, n, afterwards, flow.prepare, flow.done)
				}
				if n == 0 && !more {
					t.Fatal("nothing was written, so nothing was tested")
				}
			}
		})
	}
}

// killOnce tells whether there was an n-th write to kill at.
func killOnce(t *testing.T, n int, afterwards bool, prepare func(*world, *v1alpha1.ApiToken), done func(*world, *v1alpha1.ApiToken) bool) (reached bool) {
	t.Helper()
	t.Run(fmt.Sprintf("write %d, afterwards %t", n, afterwards), func(t *testing.T) {
		w := newWorld(t, allowsHashes)
		tok := w.token("ci")
		prepare(w, tok)
		victim := w.startManager(killAt(n, afterwards, &reached))
		w.eventually("killed or done", func() bool {
			_, err := victim.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			return reached || done(w, tok)
		})
		w.manager = w.startManager(nil)
		w.reconcileUntil(tok, "put right by the next manager", func() bool { return done(w, tok) })
	})
	return reached
}

func isLive(w *world, t *v1alpha1.ApiToken) bool {
	return w.reason(t) == v1alpha1.ReasonIssued && w.condition(t, v1alpha1.ConditionActive) == metav1.ConditionTrue && w.liveMatches(t)
}

func acceptsHash(w *world, t *v1alpha1.ApiToken) bool {
	return w.reason(t) == v1alpha1.ReasonIssued && w.condition(t, v1alpha1.ConditionActive) == metav1.ConditionTrue && w.hasOnly(t)
}

func isGone(w *world, t *v1alpha1.ApiToken) bool {
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)}))
	err := plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), &v1alpha1.ApiToken{})
	return apierrors.IsNotFound(err) && len(list.Items) == 0
}

// TestTwoManagers runs two managers on the same tokens at once, while their Secrets are deleted under them.
func TestTwoManagers(t *testing.T) {
	w := newWorld(t)
	second := w.startManager(nil)
	for i := range 20 {
		tok := w.token(fmt.Sprintf("ci-%d", i))
		for _, harm := range []bool{false, true} {
			if harm {
				must(t, plane.Client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: tok.Namespace, Name: tok.SecretName()}}))
			}
			var both sync.WaitGroup
			for _, m := range []*manager{w.manager, second} {
				both.Go(func() {
					for range 10 {
						_, err := m.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			both.Wait()
			w.reconcileUntil(tok, "settled", func() bool { second.run(w, tok); return isLive(w, tok) })
		}
	}
}
