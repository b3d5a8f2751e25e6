// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// rotatingEvery declares when a token's credential is replaced.
func rotatingEvery(every v1alpha1.RotationPeriod, overlap v1alpha1.RotationOverlap) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) {
		t.Spec.Lifetime = "720h"
		t.Spec.Rotation = &v1alpha1.Rotation{Every: every, Overlap: overlap}
	}
}

// request asks for another credential.
func request(value string) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) {
		metav1.SetMetaDataAnnotation(&t.ObjectMeta, v1alpha1.AnnotationRotateRequestedAt, value)
	}
}

// step runs the manager as its queue would, with the clock going on over short waits.
func (w *world) step(m *manager, t *v1alpha1.ApiToken) {
	w.Helper()
	if after := m.run(w, t).RequeueAfter; after > 0 && after <= settleDelay {
		w.clock.SetTime(w.clock.Now().Add(after))
	}
}

func (w *world) stepUntil(t *v1alpha1.ApiToken, what string, done func() bool) {
	w.Helper()
	w.eventually(what, func() bool {
		w.step(w.manager, t)
		return done()
	})
}

// rotated waits until another token is in the Secret and the status says so.
func (w *world) rotated(t *v1alpha1.ApiToken, from string) (to string) {
	w.Helper()
	w.stepUntil(t, "rotated", func() bool {
		if w.secretOf(t) == nil {
			return false
		}
		to = w.plaintext(t)
		return to != from && w.reason(t) == v1alpha1.ReasonIssued && t.Status.Credential.ID == idOf(to)
	})
	return to
}

// quiet runs the manager until it has seen everything and finds nothing more to do.
func (w *world) quiet(t *v1alpha1.ApiToken) {
	w.Helper()
	w.stepUntil(t, "quiet", func() bool {
		before := w.versions(t)
		for range 3 {
			w.step(w.manager, t)
		}
		return before == w.versions(t)
	})
}

// seen waits until the manager's cache has a token as it was edited last.
func (w *world) seen(t *v1alpha1.ApiToken) {
	w.Helper()
	var cached v1alpha1.ApiToken
	w.eventually("the cache has it", func() bool {
		must(w, w.manager.Client.Get(w.Context(), client.ObjectKeyFromObject(t), &cached))
		return equality.Semantic.DeepEqual(cached.Spec, t.Spec) && equality.Semantic.DeepEqual(cached.Annotations, t.Annotations)
	})
}

// versions are the resource versions of a token and all that it consists of.
func (w *world) versions(t *v1alpha1.ApiToken) string {
	w.Helper()
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)}))
	must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
	versions := t.ResourceVersion
	for i := range list.Items {
		versions += " " + list.Items[i].Name + "=" + list.Items[i].ResourceVersion
	}
	return versions
}

func idOf(plaintext string) string {
	parsed, err := token.Parse(plaintext)
	if err != nil {
		return ""
	}
	return parsed.ID()
}

// secretOf is the token's Secret; nil: there is none.
func (w *world) secretOf(t *v1alpha1.ApiToken) *corev1.Secret {
	w.Helper()
	var secret corev1.Secret
	err := plane.Client.Get(w.Context(), client.ObjectKey{Namespace: t.Namespace, Name: t.SecretName()}, &secret)
	if apierrors.IsNotFound(err) {
		return nil
	}
	must(w, err)
	return &secret
}

// credentialOf is what the hash Secrets say of a token; nil: nothing.
func (w *world) credentialOf(t *v1alpha1.ApiToken, plaintext string) *grant.Credential {
	w.Helper()
	for _, s := range w.slots(t) {
		if s.credential != nil && s.credential.Hash == token.HashOf(plaintext) {
			return s.credential
		}
	}
	return nil
}

// worksAt tells whether a gateway that has the hash Secrets accepts a token.
func (w *world) worksAt(t *v1alpha1.ApiToken, plaintext string, now time.Time) bool {
	w.Helper()
	c := w.credentialOf(t, plaintext)
	return c != nil && c.State == grant.Active && !isRetired(c, now) && (c.ExpiresAt == nil || now.Before(*c.ExpiresAt))
}

func (w *world) works(t *v1alpha1.ApiToken, plaintext string) bool {
	w.Helper()
	return w.worksAt(t, plaintext, w.clock.Now())
}
