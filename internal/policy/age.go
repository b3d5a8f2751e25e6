// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"cmp"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// ByAge orders ApiTokens by their creation, the oldest first, and those of the same second by UID: in this order they take
// an owner's places.
func ByAge(a, b *v1alpha1.ApiToken) int {
	return cmp.Or(createdAt(a).Compare(createdAt(b)), strings.Compare(string(a.UID), string(b.UID)))
}

// createdAt takes one that is only about to be created for the youngest.
func createdAt(t *v1alpha1.ApiToken) time.Time {
	if t.CreationTimestamp.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return t.CreationTimestamp.Time
}
