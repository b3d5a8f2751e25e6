// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"fmt"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
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
	byObject := map[client.Object]cache.ByObject{}
	for _, object := range resources.Empty("", "") {
		byObject[object] = ours
		if _, ok := object.(*corev1.Secret); ok { // others than a gateway's count, too
			byObject[object] = cache.ByObject{
				Label: labels.NewSelector().Add(*hasPolicy),
				// No plaintext in memory: of tokens, digests stay; of Jira's own credentials, nothing.
				Transform: chain(cache.TransformStripManagedFields(), apitoken.TransformSecret, tokenpolicy.TransformSecret),
			}
		}
	}
	for _, object := range []client.Object{&v1alpha1.ApiToken{}, &v1alpha1.TokenApproval{}} {
		byObject[object] = cache.ByObject{Transform: chain(cache.TransformStripManagedFields(), keepOwnAnnotations)}
	}
	return cache.Options{DefaultTransform: cache.TransformStripManagedFields(), ByObject: byObject}, nil
}

// keepOwnAnnotations keeps the project's annotations of an object: others, such as kubectl's copy of all that was applied,
// may be 256 KiB each, and tenants write them. Objects are changed by patches of what differs, so that nothing is lost.
func keepOwnAnnotations(in any) (any, error) {
	object, ok := in.(client.Object)
	if !ok {
		return in, nil
	}
	annotations := object.GetAnnotations()
	maps.DeleteFunc(annotations, func(key, _ string) bool {
		return !strings.HasPrefix(key, v1alpha1.GroupVersion.Group+"/")
	})
	object.SetAnnotations(annotations)
	return in, nil
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
