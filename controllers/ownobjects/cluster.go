// SPDX-License-Identifier: Apache-2.0

// Package ownobjects is how the manager follows the few objects that it works with itself: Secrets of its own namespace
// and its webhook configuration. They have a cache of their own, as the manager's main one knows Secrets of policies only
// and forgets what they hold.
package ownobjects

import (
	"fmt"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// WebhookConfiguration is the name of the MutatingWebhookConfiguration.
const WebhookConfiguration = "jira-token-operator"

// NewCluster makes the cache and a client that reads from it, to be added to the manager.
func NewCluster(config *rest.Config, scheme *runtime.Scheme, namespace string) (cluster.Cluster, error) {
	own, err := cluster.New(config, func(o *cluster.Options) {
		o.Scheme = scheme
		o.Cache.ByObject = map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Namespaces: map[string]cache.Config{namespace: {}}, Transform: dropOtherSecrets},
			&admissionregistrationv1.MutatingWebhookConfiguration{}: {
				Field: fields.OneTermEqualSelector("metadata.name", WebhookConfiguration),
			},
		}
	})
	if err != nil {
		return nil, fmt.Errorf("set up the cache of the manager's own objects: %w", err)
	}
	return own, nil
}

// dropOtherSecrets keeps nothing of what is not ours, such as the releases of Helm, of a megabyte each.
func dropOtherSecrets(object any) (any, error) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return object, nil
	}
	secret.ManagedFields = nil
	switch secret.Type {
	case v1alpha1.SecretTypeStampKeys, v1alpha1.SecretTypeWebhookAuthority:
	default:
		secret.Data = nil
	}
	return secret, nil
}
