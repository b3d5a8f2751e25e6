// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func revocation() types.Feature {
	return story("revocation", "a deleted ApiToken is refused by every gateway", func(t *testing.T) {
		t.Helper()
		token := declare(t, apiToken(marketing, "revocation", "bob"))
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		secret := plaintext(t, token)
		works(t, secret, "bob")
		deleted := time.Now()
		must(t, kube.Delete(t.Context(), token))
		refused(t, secret, "")
		took := since(deleted)
		const more = 40 // each on a connection of its own: the Service chooses a gateway anew each time
		for range more {
			if a := myself(t, secret); a.Status != http.StatusUnauthorized {
				t.Fatalf("a gateway still takes it: %s", a)
			}
		}
		seen(t, "refused %s after kubectl delete, and on each of %d more connections", took, more)
	})
}
