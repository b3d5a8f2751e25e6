// SPDX-License-Identifier: Apache-2.0

// Package resources builds what a TokenPolicy's gateway needs in the cluster: pure functions from a policy to apply
// configurations. They read nothing and write nothing; the same policy always gives the same objects.
//
// Nothing of the policy's own labels and annotations goes into the objects: a GitOps tool's tracking labels on a
// generated object would make the tool prune it.
package resources

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Options are what a gateway's objects need beyond the policy.
type Options struct {
	// Image of the gateway's container.
	Image string
	// ImagePullPolicy says when nodes pull it; empty: Kubernetes decides by the tag.
	ImagePullPolicy corev1.PullPolicy
	// Replicas that the Deployment has: they count where the policy leaves the number to an autoscaler. 0: not known.
	Replicas int32
	// Activity is where gateways report the use of tokens; nil: nowhere.
	Activity *Activity
}

// Object is an apply configuration that names its object, as all of them do.
type Object interface {
	runtime.ApplyConfiguration
	GetName() *string
	GetNamespace() *string
	GetKind() *string
	GetAPIVersion() *string
}

// Build returns the objects of a policy's gateway in the order in which they are to be applied: the configuration first,
// and what a pod needs before the Deployment. They are to be deleted in the reverse order.
func Build(policy *v1alpha1.TokenPolicy, opts Options) ([]Object, error) {
	config, err := configSecret(policy, opts)
	if err != nil {
		return nil, fmt.Errorf("gateway configuration: %w", err)
	}
	return []Object{
		config,
		serviceAccount(policy),
		role(policy),
		roleBinding(policy),
		networkPolicy(policy),
		podDisruptionBudget(policy),
		service(policy),
		deployment(policy, opts),
	}, nil
}

// Empty are the objects of a policy's gateway with nothing but their names, in the order of Build.
func Empty(namespace, policyName string) []client.Object {
	named := metav1.ObjectMeta{Namespace: namespace, Name: GatewayName(policyName)}
	config := metav1.ObjectMeta{Namespace: namespace, Name: ConfigName(policyName)}
	return []client.Object{
		&corev1.Secret{ObjectMeta: config},
		&corev1.ServiceAccount{ObjectMeta: named},
		&rbacv1.Role{ObjectMeta: named},
		&rbacv1.RoleBinding{ObjectMeta: named},
		&networkingv1.NetworkPolicy{ObjectMeta: named},
		&policyv1.PodDisruptionBudget{ObjectMeta: named},
		&corev1.Service{ObjectMeta: named},
		&appsv1.Deployment{ObjectMeta: named},
	}
}

// GatewayName is the name of all objects of a policy's gateway but its configuration.
func GatewayName(policyName string) string { return policyName + "-gateway" }

// ConfigName is the name of the Secret with the gateway's configuration.
func ConfigName(policyName string) string { return GatewayName(policyName) + "-config" }
