// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// maxEvents are shown, the newest.
const maxEvents = 20

// known is what is shown. Notes say what could not be read.
type known struct {
	token     *v1alpha1.ApiToken
	policy    *v1alpha1.TokenPolicy // nil: not read
	approvals []v1alpha1.TokenApproval
	events    []corev1.Event
	notes     []string
}

func gather(ctx context.Context, api client.Client, token *v1alpha1.ApiToken) *known {
	k := &known{token: token}
	ref := token.Spec.PolicyRef
	namespace := string(ref.Namespace)

	policy := &v1alpha1.TokenPolicy{}
	err := api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, policy)
	if k.read(err, "the policy", cluster.Right{Verb: "get", Resource: "tokenpolicies", Namespace: namespace}) {
		k.policy = policy
	}
	var approvals v1alpha1.TokenApprovalList
	err = api.List(ctx, &approvals, client.InNamespace(namespace))
	k.read(err, "its approvals", cluster.Right{Verb: "list", Resource: "tokenapprovals", Namespace: namespace})
	k.approvals = slices.DeleteFunc(approvals.Items, func(a v1alpha1.TokenApproval) bool {
		return a.Spec.APIToken.UID != string(token.UID)
	})
	slices.SortFunc(k.approvals, func(a, b v1alpha1.TokenApproval) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Name, b.Name))
	})
	var events corev1.EventList
	err = api.List(ctx, &events, client.InNamespace(token.Namespace), client.MatchingFields{"involvedObject.uid": string(token.UID)})
	k.read(err, "its events", cluster.Right{Verb: "list", Resource: "events", Namespace: token.Namespace})
	k.events = events.Items
	slices.SortStableFunc(k.events, func(a, b corev1.Event) int { return eventTime(&a).Compare(eventTime(&b)) })
	k.events = k.events[max(0, len(k.events)-maxEvents):]
	return k
}

// read notes what went wrong with reading something.
func (k *known) read(err error, what string, right cluster.Right) bool {
	switch {
	case err == nil:
		return true
	case apierrors.IsForbidden(err):
		k.notes = append(k.notes, fmt.Sprintf("%s can't be shown: you may not %s", what, right))
	case apierrors.IsNotFound(err):
		k.notes = append(k.notes, fmt.Sprintf("the policy %s does not exist", tokens.PolicyName(k.token)))
	default:
		k.notes = append(k.notes, fmt.Sprintf("%s can't be shown: %v", what, err))
	}
	return false
}

// eventTime is when it happened last, whichever of the two APIs wrote it.
func eventTime(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	case !e.EventTime.IsZero():
		return e.EventTime.Time
	}
	return e.CreationTimestamp.Time
}

func eventCount(e *corev1.Event) int32 {
	if e.Series != nil {
		return e.Series.Count
	}
	return max(e.Count, 1)
}
