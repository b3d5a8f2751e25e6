// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// unprepared is for an ApiToken on which nothing can be written, as cause says. Nothing new is made then, as nothing would hold
// its deletion; but what the policy takes away is taken away: whoever may fill up an ApiToken's annotations could else keep
// rights, and a credential beyond its age.
func (r *Reconciler) unprepared(ctx context.Context, t *v1alpha1.ApiToken, v *verdict, slots []slot, cause error) error {
	if lostRace(cause) || len(slots) == 0 {
		return cause
	}
	if v.ended {
		return errors.Join(cause, r.endAll(ctx, t, v, slots))
	}
	if c := latestSlot(slots).credential; c != nil && (v.rotation.overdue(c, r.Clock.Now()) || v.rotation.revoked(c)) {
		v.state, v.blockedReason = grant.Blocked, tooOld
	}
	_, err := r.updateSlots(ctx, t, v, slots)
	return errors.Join(cause, err, r.updateStatus(ctx, t, v, slots))
}
