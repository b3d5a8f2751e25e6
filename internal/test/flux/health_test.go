// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestHealth: Flux says the same with wait: true alone, which leaves it to kstatus, and with the documented expressions. A token
// that is refused fails the Kustomization, one that was live and is suspended does not.
func TestHealth(t *testing.T) {
	for name, change := range map[string][]func(*unstructured.Unstructured){
		"health-kstatus":     {plain},
		"health-expressions": nil,
	} {
		t.Run(name, func(t *testing.T) {
			namespace(t, "free", name)
			good, greedy := named(name, "good"), named(name, "greedy")
			k := newKustomization(t, name, map[string]string{"good.yaml": manifest(good, "read", "", "")}, change...)
			k.expectReady()

			k.commit(map[string]string{"greedy.yaml": manifest(greedy, "admin", "", "")})
			ready := k.reconcile()
			if ready.Status != metav1.ConditionFalse || ready.Reason != "HealthCheckFailed" || !strings.Contains(ready.Message, "ApiToken/"+name+"/greedy") ||
				strings.Contains(ready.Message, "/good") {
				t.Errorf("with a token that no rule permits: %s %s: %s", ready.Status, ready.Reason, ready.Message)
			}
			expect(t, greedy, v1alpha1.ReasonNotPermitted)
			expectAccepted(t, plaintext(t, good))

			k.apply(map[string]string{"greedy.yaml": manifest(greedy, "read", "", "")})
			expectAccepted(t, plaintext(t, greedy))

			k.apply(map[string]string{"greedy.yaml": manifest(greedy, "read", "", "suspend: true")})
			expect(t, greedy, v1alpha1.ReasonSuspended)
			expectRefused(t, plaintext(t, greedy), "blocked")
		})
	}
}
