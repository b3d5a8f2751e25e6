// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// refusedAtMost is how long at most an object that the API server refused is not tried again. No watch tells when a quota is
// raised, or a webhook changes its mind.
const refusedAtMost = 5 * time.Minute

// refused makes the API server's no to an object a problem of the policy's: it will say no again until a person changes the
// policy, or what refuses the object. Nil: it is another error, of which nobody needs to know who reads the policy.
func refused(d *desired, err error) *problemError {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) || !isRefusal(answer, err) {
		return nil
	}
	return &problemError{reason: v1alpha1.ReasonGatewayRefused, lookAgain: true, message: fmt.Sprintf(
		"the API server does not take the gateway's %s: %s; change what the policy asks for, or what refuses it: it is tried again "+
			"by itself",
		d, oneline.Of(answer.Status().Message, quotedLimit))}
}

// isRefusal leaves out what ends by itself: that somebody wrote at the same time, that an object or namespace goes, that the
// API server has no time, or does not know who we are.
func isRefusal(answer apierrors.APIStatus, err error) bool {
	if apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return false
	}
	switch code := answer.Status().Code; code {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout, http.StatusConflict, http.StatusGone,
		http.StatusTooManyRequests:
		return false
	default:
		return code >= http.StatusBadRequest && code < http.StatusInternalServerError
	}
}

// find takes down what stands in an object's way. unfit: others must not hand their power to it, as it is, or may become,
// somebody else's.
func (a *application) find(ctx context.Context, d *desired, found *problemError, unfit bool) {
	if found.reason == v1alpha1.ReasonGatewayRefused {
		log.FromContext(ctx).Info("the API server refused an object", "object", d.String(), "error", found.message)
	}
	a.unfit[d.kind()] = unfit
	a.found = worse(a.found, found)
}

// again is when to look at a policy with a problem again; 0: when a watch wakes it. What is refused is tried ever more
// seldom: after as long as it has been refused.
func (r *Reconciler) again(p *v1alpha1.TokenPolicy, found *problemError) time.Duration {
	switch {
	case found == nil || !found.lookAgain:
		return 0
	case found.reason != v1alpha1.ReasonGatewayRefused:
		return lookAgain
	}
	before := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled)
	if before == nil {
		return lookAgain
	}
	return min(max(r.Clock.Now().Sub(before.LastTransitionTime.Time), lookAgain), refusedAtMost)
}
