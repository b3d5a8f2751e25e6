// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// serviceAccount is who the gateway is. Its token is mounted by the gateway's pods alone, which ask for it.
func serviceAccount(policy *v1alpha1.TokenPolicy) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(GatewayName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithOwnerReferences(owner(policy)).
		WithAutomountServiceAccountToken(false)
}

// role is all that the gateway may do: read the Secrets of its own namespace. RBAC can't narrow a list or watch to some
// Secrets, which is why that namespace is to hold nothing else.
func role(policy *v1alpha1.TokenPolicy) *rbacv1ac.RoleApplyConfiguration {
	return rbacv1ac.Role(GatewayName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithOwnerReferences(owner(policy)).
		WithRules(rbacv1ac.PolicyRule().
			WithAPIGroups("").
			WithResources("secrets").
			WithVerbs("get", "list", "watch"))
}

// roleBinding gives the Role to the ServiceAccount.
func roleBinding(policy *v1alpha1.TokenPolicy) *rbacv1ac.RoleBindingApplyConfiguration {
	name := GatewayName(policy.Name)
	return rbacv1ac.RoleBinding(name, policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithOwnerReferences(owner(policy)).
		WithRoleRef(rbacv1ac.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(name)).
		WithSubjects(rbacv1ac.Subject().WithKind("ServiceAccount").WithName(name).WithNamespace(policy.Namespace))
}
