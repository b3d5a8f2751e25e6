// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// podDisruptionBudget lets a drain take one gateway pod at a time. maxUnavailable rather than minAvailable: with one
// replica it does not block the drain of a node for ever.
func podDisruptionBudget(policy *v1alpha1.TokenPolicy) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(GatewayName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithOwnerReferences(owner(policy)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithSelector(selector(policy.Name)).
			WithMaxUnavailable(intstr.FromInt32(1)))
}
