// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func policyTightened() types.Feature {
	return story("policy tightened", "a token that its rule no longer permits is refused, and comes back with the rule", func(t *testing.T) {
		t.Helper()
		token := apiToken(marketing, "tightened", "dave")
		token.Spec.Scopes = []v1alpha1.Scope{"read", "write"}
		declare(t, token)
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		secret := plaintext(t, token)
		works(t, secret, "dave")
		limit := func(scopes ...v1alpha1.Scope) time.Time {
			changeRule(t, ruleTightened, func(r *v1alpha1.Rule) { r.Limits.Scopes = scopes })
			return time.Now()
		}
		tightened := limit("read")
		refused(t, secret, "blocked")
		ended := since(tightened)
		isActive(t, token, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		widened := limit("read", "write")
		works(t, secret, "dave")
		seen(t, "refused %s after the rule was narrowed; the same credential worked %s after it was widened", ended, since(widened))
	})
}
