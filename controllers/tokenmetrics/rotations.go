// SPDX-License-Identifier: Apache-2.0

package tokenmetrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"k8s.io/apimachinery/pkg/types"
)

// Cause is why a credential was replaced by a new one.
type Cause string

// The causes.
const (
	// CauseSchedule: it came to the age of spec.rotation.every.
	CauseSchedule Cause = "schedule"
	// CauseRequest: somebody changed the annotation jiratokens.io/rotate-requested-at.
	CauseRequest Cause = "request"
	// CauseMaxAge: it came to the age of a rule's limits.maxCredentialAge.
	CauseMaxAge Cause = "max-age"
	// CauseRevokedByPolicy: it was issued before the policy's revokeIssuedBefore.
	CauseRevokedByPolicy Cause = "revoke-issued-before"
	// CauseSecretName: the token's Secret was given another name.
	CauseSecretName Cause = "secret-name"
	// CauseSecretLost: the Secret that held it, or its hash Secret, was deleted or changed.
	CauseSecretLost Cause = "secret-lost"
)

// causes are all of them.
var causes = []Cause{CauseSchedule, CauseRequest, CauseMaxAge, CauseRevokedByPolicy, CauseSecretName, CauseSecretLost}

// Rotations counts credentials that were replaced by new ones.
type Rotations struct{ total *prometheus.CounterVec }

// NewRotations makes the counter; a nil registerer takes nothing.
func NewRotations(registerer prometheus.Registerer) *Rotations {
	return &Rotations{promauto.With(registerer).NewCounterVec(prometheus.CounterOpts{
		Name: "jiratokens_rotations_total",
		Help: "Credentials that were replaced by new ones, by policy and cause (schedule, request, max-age, revoke-issued-before, " +
			"secret-name, secret-lost).",
	}, []string{labelNamespace, labelPolicy, "cause"})}
}

// Count counts one. The policy is the one that the new credential was issued from, so that there are as many series as
// policies. With a policy's first rotation all causes have a series: a rate over one that begins at 1 would miss it. A nil
// receiver counts nothing.
func (r *Rotations) Count(policy types.NamespacedName, cause Cause) {
	if r == nil {
		return
	}
	for _, each := range causes {
		r.total.WithLabelValues(policy.Namespace, policy.Name, string(each))
	}
	r.total.WithLabelValues(policy.Namespace, policy.Name, string(cause)).Inc()
}
