// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
)

// replaceable is the slot whose token is in the Secret, or in that of an earlier name, and why it is to be replaced; empty: it
// is not. nil: there is none.
func (r *Reconciler) replaceable(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, secret *corev1.Secret,
) (*slot, tokenmetrics.Cause, error) {
	now := r.Clock.Now()
	named, holds := matchingSlot(slots, secret)
	if holds && !r.maySucceed(t, slots, &named) {
		cause, _ := v.rotation.due(&named, slots, now)
		return &named, cause, nil
	}
	newest, name, err := r.newestHeld(ctx, t, slots)
	switch {
	case err != nil:
		return nil, "", err
	case holds && (newest == nil || !succeeds(newest, &named)):
		cause, _ := v.rotation.due(&named, slots, now)
		return &named, cause, nil
	case newest == nil:
		return nil, "", nil
	case name == t.SecretName(): // another manager has just written it
		return nil, "", errUnsettled
	}
	v.binding = name // as long as the other Secret does not hold the next one
	return newest, v.renamed(newest, slots, now), nil
}

// renamed is why a credential is replaced that is in the Secret of an earlier name; empty: it has to wait, as too many that were
// replaced are accepted.
func (v *verdict) renamed(current *slot, slots []slot, now time.Time) tokenmetrics.Cause {
	cause, due := v.rotation.due(current, slots, now)
	switch accepted := retiring(slots, now); {
	case v.rotation.ended(current.credential, now):
		return cause
	case due || len(accepted) < mostRetiring:
		return tokenmetrics.CauseSecretName
	default:
		first := slices.MinFunc(accepted, byRetirement).credential.RetireAt
		v.message += fmt.Sprintf("; it stays in Secret %s until the first of %d replaced credentials ends, at %s",
			v.binding, len(accepted), first.UTC().Format(time.RFC3339))
		return ""
	}
}

// maySucceed tells whether a credential may have taken the place of the one that the Secret of the wanted name holds: it may
// have been written into the Secret of a name that was wanted in between. One that this manager has begun for the wanted name
// was not.
func (r *Reconciler) maySucceed(t *v1alpha1.ApiToken, slots []slot, named *slot) bool {
	begun, at, some := r.pendings.of(t.UID, slots)
	return slices.ContainsFunc(slots, func(s slot) bool {
		own := some && s.number == at.number && begun.name == t.SecretName()
		return !own && s.credential != nil && s.credential.RetireAt == nil && succeeds(&s, named)
	})
}

// newestHeld is the newest credential that one of the token's Secrets holds, and that Secret's name; nil: none does.
func (r *Reconciler) newestHeld(
	ctx context.Context, t *v1alpha1.ApiToken, slots []slot,
) (newest *slot, name string, err error) {
	if len(slots) == 0 {
		return nil, "", nil
	}
	var list corev1.SecretList
	err = r.Live.List(ctx, &list, client.InNamespace(t.Namespace), client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)})
	if err != nil {
		return nil, "", fmt.Errorf("list token Secrets: %w", err)
	}
	for i := range list.Items {
		s, ok := matchingSlot(slots, &list.Items[i])
		if ok && isOurs(&list.Items[i], t) && (newest == nil || s.number > newest.number) {
			newest, name = &s, list.Items[i].Name
		}
	}
	return newest, name, nil
}
