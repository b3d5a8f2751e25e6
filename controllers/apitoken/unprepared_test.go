// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"strings"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// mostAnnotations is Kubernetes' bound, in bytes of names and values together (apimachinery's TotalAnnotationSizeLimitB).
const mostAnnotations = 256 << 10

// TestRightsAreTakenFromTokensThatCanNotBeWritten: whoever may update an ApiToken may fill up its annotations, so that
// the manager's own do not fit. What it had must still be taken away.
func TestRightsAreTakenFromTokensThatCanNotBeWritten(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(*v1alpha1.TokenPolicy)
		token  func(*testing.T, *v1alpha1.ApiToken)
		change func(*world, *v1alpha1.ApiToken)
	}{
		"a rule is narrowed": {change: func(w *world, _ *v1alpha1.ApiToken) {
			edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.Scopes = []v1alpha1.Scope{"write:comment"} })
		}},
		"it is suspended": {change: func(w *world, tok *v1alpha1.ApiToken) {
			edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
		}},
		"it becomes too old": {
			policy: func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.MaxCredentialAge = "2h" },
			change: func(w *world, _ *v1alpha1.ApiToken) { w.clock.SetTime(w.clock.Now().Add(20 * time.Hour)) },
		},
		"a declared hash": {
			policy: allowsHashes,
			token:  func(t *testing.T, tok *v1alpha1.ApiToken) { t.Helper(); declaring(someHash(t))(tok) },
			change: func(w *world, _ *v1alpha1.ApiToken) {
				edit(w, w.policy, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules[0].Limits.Scopes = []v1alpha1.Scope{"write:comment"} })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
				if c.policy != nil {
					c.policy(p)
				}
			})
			tok := w.token("ci", func(tok *v1alpha1.ApiToken) {
				if c.token != nil {
					c.token(t, tok)
				}
			})
			w.reconcileUntil(tok, "it is live", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued })
			edit(w, tok, fillAnnotations)
			c.change(w, tok)
			w.eventually("nothing of it works", func() bool {
				_, err := w.manager.Reconcile(w.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
				return err != nil && !w.anyActive(tok)
			})
		})
	}
}

// fillAnnotations takes the manager's annotations off and leaves no room for them.
func fillAnnotations(t *v1alpha1.ApiToken) {
	delete(t.Annotations, annotationDeclared)
	delete(t.Annotations, annotationAccepted)
	delete(t.Annotations, "filler")
	room := mostAnnotations - len("filler")
	for name, value := range t.Annotations {
		room -= len(name) + len(value)
	}
	if t.Annotations == nil {
		t.Annotations = map[string]string{}
	}
	t.Annotations["filler"] = strings.Repeat("x", room)
}

func (w *world) anyActive(t *v1alpha1.ApiToken) bool {
	w.Helper()
	for _, s := range w.slots(t) {
		if s.credential.State == grant.Active && !isRetired(s.credential, w.clock.Now()) {
			return true
		}
	}
	return false
}
