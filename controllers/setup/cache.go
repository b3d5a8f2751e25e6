// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/apitoken"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// CacheOptions keep the manager's memory to what is ours: a cluster may have 30,000 Secrets and 5,000 Deployments that
// have nothing to do with Jira. Whole objects are kept of our own kinds and of Namespaces, whose labels rules select by.
func CacheOptions() (cache.Options, error) {
	hasPolicy, err := labels.NewRequirement(v1alpha1.LabelPolicy, selection.Exists, nil)
	if err != nil {
		return cache.Options{}, fmt.Errorf("select Secrets: %w", err)
	}
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{resources.LabelManagedBy: v1alpha1.ManagedBy})}
	return cache.Options{
		DefaultTransform: cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}: {
				Label: labels.NewSelector().Add(*hasPolicy),
				// No plaintext in memory: of tokens, digests stay; of Jira's own credentials, nothing.
				Transform: chain(cache.TransformStripManagedFields(), apitoken.TransformSecret, tokenpolicy.TransformSecret),
			},
			&appsv1.Deployment{}:            ours,
			&corev1.Service{}:               ours,
			&corev1.ServiceAccount{}:        ours,
			&rbacv1.Role{}:                  ours,
			&rbacv1.RoleBinding{}:           ours,
			&policyv1.PodDisruptionBudget{}: ours,
			&networkingv1.NetworkPolicy{}:   ours,
		},
	}, nil
}

func chain(steps ...toolscache.TransformFunc) toolscache.TransformFunc {
	return func(in any) (any, error) {
		var err error
		for _, step := range steps {
			if in, err = step(in); err != nil {
				return nil, err
			}
		}
		return in, nil
	}
}
