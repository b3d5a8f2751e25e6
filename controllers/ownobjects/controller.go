// SPDX-License-Identifier: Apache-2.0

package ownobjects

import (
	"context"
	"fmt"

	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// AddController registers a controller that has one thing to do, whatever woke it: at the start, when nothing may exist
// yet, and when one of the objects changes. It runs on every replica.
func AddController(mgr ctrl.Manager, own cluster.Cluster, name string, r reconcile.Reconciler, objects ...client.Object) error {
	everyReplica := false
	building := ctrl.NewControllerManagedBy(mgr).Named(name).
		WithOptions(controller.Options{NeedLeaderElection: &everyReplica}).
		WatchesRawSource(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			queue.Add(reconcile.Request{})
			return nil
		}))
	wake := handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
		return []reconcile.Request{{}}
	})
	for _, object := range objects {
		named := predicate.NewPredicateFuncs(func(o client.Object) bool { return o.GetName() == object.GetName() })
		building = building.WatchesRawSource(source.Kind(own.GetCache(), object, wake, named))
	}
	if err := building.Complete(r); err != nil {
		return fmt.Errorf("set up the controller %s: %w", name, err)
	}
	return nil
}
