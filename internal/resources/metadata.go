// SPDX-License-Identifier: Apache-2.0

package resources

import (
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// The labels that Kubernetes recommends, as far as we set them.
const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	labelPartOf    = "app.kubernetes.io/part-of"
	LabelManagedBy = "app.kubernetes.io/managed-by"

	gatewayAppName = "jira-token-gateway"
)

// Labels are on every object of the policy's gateway. The manager's caches select by managed-by.
func Labels(policyName string) map[string]string {
	return map[string]string{
		labelName:      gatewayAppName,
		labelInstance:  policyName,
		LabelComponent: "gateway",
		labelPartOf:    v1alpha1.ManagedBy,
		LabelManagedBy: v1alpha1.ManagedBy,
	}
}

// PodLabels select the gateway's pods. A Deployment's selector can't be changed: neither can these.
func PodLabels(policyName string) map[string]string {
	return map[string]string{labelName: gatewayAppName, labelInstance: policyName}
}

func selector(policyName string) *metav1ac.LabelSelectorApplyConfiguration {
	return metav1ac.LabelSelector().WithMatchLabels(PodLabels(policyName))
}

// owner makes the policy the controller of an object: the garbage collector removes the object with the policy, and the
// operator knows by its UID that the object is its own.
func owner(policy *v1alpha1.TokenPolicy) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).
		WithKind("TokenPolicy").
		WithName(policy.Name).
		WithUID(policy.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}
