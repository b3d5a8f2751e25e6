// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestUncertainWriteOfTheSecret: the API server's answer is lost once, whether the write was made or not. The rotation goes on
// from what there is, and nothing ends that a workload may hold.
func TestUncertainWriteOfTheSecret(t *testing.T) {
	for name, made := range map[string]bool{"made": true, "not made": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			tok := w.token("ci", rotatingEvery("", "2h"))
			first := w.issued(tok)
			w.quiet(tok)
			lost := false
			w.manager = w.startManager(func(c client.Client) client.Client {
				return interceptor.NewClient(watchable{c}, interceptor.Funcs{
					Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
						if _, ok := o.(*corev1.Secret); !ok || o.GetNamespace() != w.namespace || lost {
							return c.Update(ctx, o, opts...)
						}
						lost = true
						if made {
							must(t, c.Update(ctx, o, opts...))
						}
						return apierrors.NewTimeoutError("the answer is lost", 1)
					},
				})
			})
			edit(w, tok, request("now"))
			var second string
			w.eventually("rotated", func() bool {
				w.step(w.manager, tok)
				if !w.works(tok, first) || !w.works(tok, w.plaintext(tok)) {
					t.Fatalf("a token is refused that a workload has: %+v", w.slots(tok))
				}
				if lost { // the pause after it
					w.clock.SetTime(w.clock.Now().Add(settleDelay))
				}
				second = w.plaintext(tok)
				return second != first && w.reason(tok) == v1alpha1.ReasonIssued && tok.Status.Credential.ID == idOf(second)
			})
			w.quiet(tok)
			if s := w.slots(tok); len(s) != 2 || w.credentialOf(tok, first).RetireAt == nil || w.credentialOf(tok, second).RetireAt != nil {
				t.Errorf("slots %+v", s)
			}
		})
	}
}
