// SPDX-License-Identifier: Apache-2.0

package policy

import "github.com/jiratokens/jira-token-operator/api/v1alpha1"

// Elect picks the one policy of a namespace that counts: the oldest, by name if they are of the same second. The
// others issue nothing and get no gateway. It returns nil for an empty list.
func Elect(policies []v1alpha1.TokenPolicy) *v1alpha1.TokenPolicy {
	var elected *v1alpha1.TokenPolicy
	for i := range policies {
		p := &policies[i]
		if elected == nil || older(p, elected) {
			elected = p
		}
	}
	return elected
}

func older(a, b *v1alpha1.TokenPolicy) bool {
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return a.Name < b.Name
}
