// SPDX-License-Identifier: Apache-2.0

package tokens_test

import (
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// TestFurtherAdvice: what the condition's message says is not said twice.
func TestFurtherAdvice(t *testing.T) {
	for _, c := range []struct {
		reason, message string
		more            bool
	}{
		{v1alpha1.ReasonSuspended, "the token is suspended: set spec.suspend to false to let it work again", false},
		{v1alpha1.ReasonExpired, "the token expired at noon: set a later spec.expiresAt or a longer spec.lifetime to renew it", false},
		{v1alpha1.ReasonExpired, "the token expired", true},
		{v1alpha1.ReasonNotPermitted, "no rule permits spec.lifetime", true},
		{"OfALaterVersion", "because", false},
	} {
		if have := tokens.FurtherAdvice(c.reason, c.message); (have != "") != c.more {
			t.Errorf("%s, %s: %q", c.reason, c.message, have)
		}
	}
}
