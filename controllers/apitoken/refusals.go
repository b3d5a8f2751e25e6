// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// refusals remembers, for a while, whose token Secret the API server refused (a quota, an admission policy). Each
// attempt makes a hash Secret and takes it back, and the events of that would start the next attempt at once.
type refusals struct {
	mu      sync.Mutex
	byToken map[types.UID]refusal
}

type refusal struct {
	until time.Time
	why   string
}

func (r *refusals) note(uid types.UID, now time.Time, err error) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byToken == nil {
		r.byToken = map[types.UID]refusal{}
	}
	// An admission policy's message may quote what it refused.
	why := tokenPattern.ReplaceAllString(err.Error(), "[redacted]")
	r.byToken[uid] = refusal{until: now.Add(secretRetry), why: why}
	return why
}

var tokenPattern = regexp.MustCompile(token.Pattern)

func (r *refusals) last(uid types.UID, now time.Time) (why string, waiting bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.byToken[uid]
	return last.why, ok && now.Before(last.until)
}

func (r *refusals) forget(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byToken, uid)
}

// isDefinite tells whether the API server has certainly not made a write.
func isDefinite(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= http.StatusBadRequest && code < http.StatusInternalServerError &&
		code != http.StatusRequestTimeout && code != http.StatusTooManyRequests
}

// isRefusal tells whether the same write would be refused again.
func isRefusal(err error) bool {
	return isDefinite(err) && !apierrors.IsConflict(err) && !apierrors.IsAlreadyExists(err) && !apierrors.IsNotFound(err)
}

// secretRefused is the verdict when the token can't be written.
func (v *verdict) secretRefused(why string) {
	v.refuse(v1alpha1.ReasonSecretRefused, fmt.Sprintf("the API server refused what issuing the token needs; it is tried "+
		"again every %s: %s", secretRetry, why))
	v.blockedReason = "the token's Secret could not be written"
}

// conflict is the verdict when the name of the token Secret is taken. A credential that is still in a Secret of an
// earlier name stays live.
func (r *Reconciler) conflict(
	ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, taken *corev1.Secret,
) (err error) {
	if v.binding, err = r.boundSecret(ctx, t, slots); err != nil {
		return err
	}
	state, accepted := v.state, v.accepted
	message := fmt.Sprintf("Secret %s exists and was not made for this ApiToken: delete it, or set spec.secret.name to "+
		"another name; it is looked at again every %s", taken.Name, secretRetry)
	if owner := metav1.GetControllerOf(taken); owner != nil && owner.Kind == apiTokenKind.Kind {
		message = fmt.Sprintf("Secret %s belongs to ApiToken %s: set spec.secret.name to another name", taken.Name, owner.Name)
	}
	v.refuse(v1alpha1.ReasonSecretConflict, message)
	v.blockedReason = "the token's Secret was replaced"
	if v.binding != "" {
		v.state, v.accepted, v.blockedReason = state, accepted, ""
	}
	return nil
}

// boundSecret is the name of the Secret that holds the latest slot's token, as far as the cache knows.
func (r *Reconciler) boundSecret(ctx context.Context, t *v1alpha1.ApiToken, slots []slot) (string, error) {
	latest := latestSlot(slots)
	if latest == nil {
		return "", nil
	}
	var list corev1.SecretList
	err := r.Client.List(ctx, &list, client.InNamespace(t.Namespace), client.MatchingFields{secretByTokenUID: string(t.UID)})
	if err != nil {
		return "", fmt.Errorf("list token Secrets: %w", err)
	}
	for i := range list.Items {
		if isOurs(&list.Items[i], t) && holds(&list.Items[i], latest.credential.Hash) {
			return list.Items[i].Name, nil
		}
	}
	return "", nil
}
