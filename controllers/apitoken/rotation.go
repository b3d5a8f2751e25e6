// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/tokenmetrics"
)

const (
	// defaultOverlap is how long a replaced credential is accepted, if nothing says so and half of the period is more.
	defaultOverlap = 24 * time.Hour
	// jitterShare of the period is the most by which a rotation comes earlier.
	jitterShare = 10
	// clockTolerance is how far in the future a credential may have been issued before its age counts as unknown: a clock
	// that went back must not keep a credential for longer.
	clockTolerance = 5 * time.Minute
	// mostRetiring is how many replaced credentials of a token may be accepted before a request for another one has to wait.
	mostRetiring = 8
	// plainRequest is the length up to which the annotation's value is remembered as it is.
	plainRequest = 64
)

// declaredRotation is what spec.rotation says.
type declaredRotation struct {
	every   time.Duration  // 0: on request only
	overlap *time.Duration // nil: the default
}

// parseRotation fails on what the schema has refused.
func parseRotation(spec *v1alpha1.ApiTokenSpec) (declared declaredRotation, err error) {
	if spec.Rotation == nil {
		return declared, nil
	}
	if every := spec.Rotation.Every; every != "" {
		if declared.every, err = every.Duration(); err != nil {
			return declared, fmt.Errorf("spec.rotation.every: %q must be hours, minutes or seconds, such as 168h for a week", every)
		}
	}
	if overlap := spec.Rotation.Overlap; overlap != "" {
		d, err := overlap.Duration()
		if err != nil {
			return declared, fmt.Errorf("spec.rotation.overlap: %q must be hours, minutes or seconds, such as 24h", overlap)
		}
		declared.overlap = &d
	}
	return declared, nil
}

// rotation is when a token's credential is replaced, and how long the replaced one is still accepted.
type rotation struct {
	// period is the age at which it is, jitter taken off; 0: on request only.
	period time.Duration
	// cause is whose the period is: tokenmetrics.CauseSchedule or tokenmetrics.CauseMaxAge.
	cause   tokenmetrics.Cause
	overlap time.Duration
	// maxAge is the age that the policy allows; 0: any.
	maxAge time.Duration
	// requested is what the ApiToken's annotation says, shortened; empty: nothing.
	requested string
	// revokedBefore is when a credential must have been issued to be still accepted; the zero time: at any time.
	revokedBefore time.Time
}

// newRotation has the earlier of what the token and its policy's rule (0: nothing) say count.
func newRotation(t *v1alpha1.ApiToken, declared declaredRotation, maxAge time.Duration, revokedBefore time.Time) rotation {
	r := rotation{
		period: declared.every, cause: tokenmetrics.CauseSchedule, overlap: defaultOverlap, maxAge: maxAge,
		requested: shortRequest(t.Annotations[v1alpha1.AnnotationRotateRequestedAt]), revokedBefore: revokedBefore,
	}
	if maxAge > 0 && (r.period == 0 || maxAge < r.period) {
		r.period, r.cause = maxAge, tokenmetrics.CauseMaxAge
	}
	if declared.overlap != nil {
		r.overlap = *declared.overlap
	}
	if r.period > 0 {
		if declared.overlap == nil || r.overlap >= r.period { // the policy's age may be below the declared overlap
			r.overlap = min(r.overlap, r.period/2)
		}
		r.period -= jitter(t.UID, r.period)
	}
	return r
}

// jitter is up to a tenth of a period, always the same for a token: tokens that were declared together do not rotate
// together.
func jitter(uid types.UID, period time.Duration) time.Duration {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(uid)) // never fails
	return time.Duration(float64(period/jitterShare) * float64(hash.Sum32()) / (1 << 32)).Truncate(time.Second)
}

// shortRequest is the form in which an annotation's value is remembered: it may have 256 KiB.
func shortRequest(value string) string {
	if len(value) <= plainRequest {
		return value
	}
	sum := sha256.Sum256([]byte(value))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// due tells whether a token's current credential is to be replaced now, and why.
func (r *rotation) due(current *slot, slots []slot, now time.Time) (cause tokenmetrics.Cause, due bool) {
	issued := current.credential.IssuedAt
	switch {
	case r.revoked(current.credential):
		return tokenmetrics.CauseRevokedByPolicy, true
	case r.stale(current.credential, now):
		return tokenmetrics.CauseMaxAge, true
	case r.wanted(current) && len(retiring(slots, now)) < mostRetiring:
		return tokenmetrics.CauseRequest, true
	case r.period > 0 && (!now.Before(issued.Add(r.period)) || issued.Sub(now) > clockTolerance):
		return r.cause, true
	}
	return "", false
}

// wanted tells whether somebody asked for another credential since the current one was made.
func (r *rotation) wanted(current *slot) bool {
	return r.requested != "" && r.requested != current.notes.RotationHandled
}

// next is when a credential will be replaced, if it is not just being; the zero time: on request only.
func (r *rotation) next(current *slot, slots []slot, now time.Time) (at time.Time) {
	if r.period > 0 {
		at = current.credential.IssuedAt.Add(r.period)
	}
	if accepted := retiring(slots, now); r.wanted(current) && len(accepted) >= mostRetiring {
		first := *slices.MinFunc(accepted, byRetirement).credential.RetireAt
		if at.IsZero() || first.Before(at) {
			return first
		}
	}
	return at
}

// retiring are the slots that were replaced and are still accepted.
func retiring(slots []slot, now time.Time) (out []slot) {
	for _, s := range slots {
		if s.credential != nil && s.credential.RetireAt != nil && now.Before(*s.credential.RetireAt) {
			out = append(out, s)
		}
	}
	return out
}

func byRetirement(a, b slot) int { return a.credential.RetireAt.Compare(*b.credential.RetireAt) }
