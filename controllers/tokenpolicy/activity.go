// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// ActivityEndpoint is where gateways report the use of tokens.
type ActivityEndpoint struct {
	// URL is https.
	URL string
	// CA gives the authorities of its certificate, in PEM; empty: they are not known yet.
	CA func(context.Context) string
	// Changed wakes when they change.
	Changed func(handler.EventHandler) source.Source
}

// activity is the endpoint as the gateways' objects are made by it.
func (r *Reconciler) activity(ctx context.Context) *resources.Activity {
	if r.Activity == nil {
		return nil
	}
	return &resources.Activity{URL: r.Activity.URL, CA: r.Activity.CA(ctx)}
}

// wakeAll wakes all policies, of which a cluster has a handful.
func (r *Reconciler) wakeAll() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, _ client.Object) []reconcile.Request {
		var list v1alpha1.TokenPolicyList
		if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "TokenPolicies could not be listed")
			return nil
		}
		var requests []reconcile.Request
		for i := range list.Items {
			requests = append(requests, request(list.Items[i].Namespace, list.Items[i].Name))
		}
		return requests
	})
}
