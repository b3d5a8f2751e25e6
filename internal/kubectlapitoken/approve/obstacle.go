// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// obstacle says why a decision on a token would be in vain, or would not be about what is shown; nil: nothing is in its
// way. The operator has the last word; this is to spare a person the wait.
func obstacle(token *v1alpha1.ApiToken, decision v1alpha1.ApprovalDecision, me string) error {
	name := token.Namespace + "/" + token.Name
	ready := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case token.DeletionTimestamp != nil:
		return fmt.Errorf("ApiToken %s is being deleted", name)
	case ready == nil:
		return fmt.Errorf("the operator has not looked at ApiToken %s yet: try again in a moment", name)
	case token.Status.ObservedGeneration != token.Generation:
		return fmt.Errorf("ApiToken %s was changed and the operator has not looked at the change yet (its status is of generation "+
			"%d, not of %d): try again in a moment", name, token.Status.ObservedGeneration, token.Generation)
	case decision == v1alpha1.DecisionApprove:
		return approvalObstacle(token, name, ready, me)
	case ready.Reason == v1alpha1.ReasonApprovalDenied:
		return fmt.Errorf("ApiToken %s is denied already: %s", name, ready.Message)
	case ready.Reason != v1alpha1.ReasonApprovalRequired && token.Status.ApprovedBy == "":
		return fmt.Errorf("ApiToken %s asks for no approval (%s), so a denial would not stop it: to stop it, set its spec.suspend "+
			"(kubectl apitoken suspend) or name it in spec.deny.tokens of its policy (kubectl apitoken revoke --deny)", name, state(ready))
	}
	return grantObstacle(token, name)
}

func approvalObstacle(token *v1alpha1.ApiToken, name string, ready *metav1.Condition, me string) error {
	switch {
	case ready.Reason == v1alpha1.ReasonApprovalDenied:
		return fmt.Errorf("ApiToken %s is denied, which outweighs every approval: %s", name, ready.Message)
	case token.Status.ApprovedBy != "" && ready.Reason != v1alpha1.ReasonApprovalRequired:
		return fmt.Errorf("ApiToken %s is approved already, by %q", name, token.Status.ApprovedBy)
	case ready.Reason != v1alpha1.ReasonApprovalRequired:
		return fmt.Errorf("ApiToken %s waits for no approval: %s", name, state(ready))
	case token.Status.RequestedBy == me:
		return fmt.Errorf("you declared ApiToken %s yourself (as %q): somebody else has to approve it", name, me)
	}
	return grantObstacle(token, name)
}

// grantObstacle looks at what a decision would be about.
func grantObstacle(token *v1alpha1.ApiToken, name string) error {
	if token.Status.Grant == nil {
		return fmt.Errorf("ApiToken %s has no status.grant, so there is nothing to decide on: is the operator older than this "+
			"plugin?", name)
	}
	return checkDigest(token)
}

func state(ready *metav1.Condition) string { return ready.Reason + ": " + ready.Message }
