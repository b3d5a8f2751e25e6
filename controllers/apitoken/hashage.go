// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/expiring"
)

// ageHash says until when a declared hash is accepted by a policy that bounds the age of credentials. The operator can't make
// another one, so whoever can is told ahead of time, as of an expiry; what ends first counts.
func (v *verdict) ageHash(s *situation, maxAge time.Duration) {
	accepted := v.claim.Request.IssuedAt
	if maxAge <= 0 || accepted.IsZero() {
		return
	}
	v.replaceBy = accepted.Add(maxAge)
	v.look(v.replaceBy)
	if v.expiry != nil && !v.replaceBy.Before(v.expiry.at) {
		return
	}
	v.expiry = &expiry{
		at:       v.replaceBy,
		expiring: expiring.From(accepted, v.replaceBy, expiringBeforeOf(s.policy)),
		reason:   v1alpha1.ReasonHashAgesOut,
		message: fmt.Sprintf("the token is blocked at %s, when its spec.tokenHash comes to the age that rule %s allows "+
			"(limits.maxCredentialAge): make another token and declare its hash before that; %s",
			v.replaceBy.UTC().Format(time.RFC3339), v.rule, unneeded),
	}
}

// replaceByOf is for the status: nil if there is no such time, or it is that of another credential.
func replaceByOf(v *verdict, current *slot) *metav1.Time {
	if v.replaceBy.IsZero() || v.claim.hash == nil || current.credential.Hash != *v.claim.hash {
		return nil
	}
	return &metav1.Time{Time: v.replaceBy}
}
