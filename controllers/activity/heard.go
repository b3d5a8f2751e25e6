// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// heardEvery is how often it is written that a policy's gateways report.
const heardEvery = activity.Interval - time.Minute

// heard remembers when that was written last, as the cache is behind. Its zero value is ready.
type heard struct {
	mu sync.Mutex
	at map[types.UID]time.Time
}

// due tells whether it is to be written, and that it is written now.
func (h *heard) due(policy types.UID, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at, ok := h.at[policy]; ok && now.Sub(at) < heardEvery {
		return false
	}
	if h.at == nil {
		h.at = map[types.UID]time.Time{}
	}
	// What is older says nothing any more, and may be of a policy that is gone.
	maps.DeleteFunc(h.at, func(_ types.UID, at time.Time) bool { return now.Sub(at) >= heardEvery })
	h.at[policy] = now
	return true
}

func (h *heard) forget(policy types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.at, policy)
}

// hear writes into a policy's status that its gateways report. Two replicas may do it at once; the later one is as good.
func (r *Recorder) hear(ctx context.Context, policy *v1alpha1.TokenPolicy) error {
	now := r.Clock.Now()
	if known := policy.Status.Activity; known != nil && now.Sub(known.LastReportAt.Time) < heardEvery {
		return nil
	}
	if !r.heard.due(policy.UID, now) {
		return nil
	}
	after := policy.DeepCopy()
	if after.Status.Activity == nil {
		after.Status.Activity = &v1alpha1.ActivityReporting{Since: metav1.NewTime(now)}
	}
	after.Status.Activity.LastReportAt = metav1.NewTime(now)
	err := r.Client.Status().Patch(ctx, after, client.MergeFrom(policy), client.FieldOwner(FieldManager))
	if client.IgnoreNotFound(err) != nil {
		r.heard.forget(policy.UID)
		return fmt.Errorf("update status: %w", err)
	}
	return nil
}

// unhear takes it out of the status of a policy that wants no reports.
func (r *Recorder) unhear(ctx context.Context, policy *v1alpha1.TokenPolicy) error {
	if policy.Status.Activity == nil {
		return nil
	}
	after := policy.DeepCopy()
	after.Status.Activity = nil
	r.heard.forget(policy.UID)
	return client.IgnoreNotFound(r.Client.Status().Patch(ctx, after, client.MergeFrom(policy), client.FieldOwner(FieldManager)))
}
