// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// declarationChanged lets through what a person or GitOps tool changed, who asked for it, or that another credential is
// wanted. A changed status counts as well: another manager may have written it from what is no longer so. After our own write
// that is one look that finds nothing to do.
func declarationChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, ok := e.ObjectOld.(*v1alpha1.ApiToken)
		after, alsoOK := e.ObjectNew.(*v1alpha1.ApiToken)
		return ok && alsoOK && statusChanged(before, after) ||
			e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
			annotationChanged(e, v1alpha1.AnnotationRequestedBy) || annotationChanged(e, v1alpha1.AnnotationRotateRequestedAt) ||
			!e.ObjectNew.GetDeletionTimestamp().Equal(e.ObjectOld.GetDeletionTimestamp()) ||
			!slices.Equal(e.ObjectOld.GetFinalizers(), e.ObjectNew.GetFinalizers()) || acceptanceChanged(e)
	}}
}

func annotationChanged(e event.UpdateEvent, key string) bool {
	return e.ObjectOld.GetAnnotations()[key] != e.ObjectNew.GetAnnotations()[key]
}

// rankChanged lets through what may give a younger token of the same owner its place, or take it: another token came or
// went, was declared anew, or is accepted or refused since.
func rankChanged() predicate.Predicate {
	reason := func(o client.Object) string {
		t, ok := o.(*v1alpha1.ApiToken)
		if !ok {
			return ""
		}
		return reasonOf(t)
	}
	return predicate.Funcs{
		CreateFunc: func(event.CreateEvent) bool { return false }, // it is the youngest and takes nobody's place
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || reason(e.ObjectOld) != reason(e.ObjectNew) ||
				!e.ObjectNew.GetDeletionTimestamp().Equal(e.ObjectOld.GetDeletionTimestamp())
		},
	}
}

// reasonOf is what a token's status says; nothing is decided by it.
func reasonOf(t *v1alpha1.ApiToken) string {
	if c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive); c != nil {
		return c.Reason
	}
	return ""
}

// wakeSiblings wakes the younger tokens of an owner, and those that wait for a younger one's place, if the policy bounds
// their number.
func (r *Reconciler) wakeSiblings() handler.EventHandler {
	return behindFreshEvents(func(ctx context.Context, o client.Object) []reconcile.Request {
		t, ok := o.(*v1alpha1.ApiToken)
		if !ok || !r.policies.capped(policyKey(t)) {
			return nil
		}
		others, err := r.tokensOfOwner(ctx, t)
		if err != nil {
			log.FromContext(ctx).Error(err, "the owner's other tokens could not be listed")
			return nil
		}
		var requests []reconcile.Request
		for _, other := range others {
			if policy.ByAge(t, other) < 0 || reasonOf(other) == v1alpha1.ReasonPlacePending {
				requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(other)})
			}
		}
		return requests
	})
}

// wakeByApproval wakes the token that was decided on.
func wakeByApproval() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		approval, ok := o.(*v1alpha1.TokenApproval)
		if !ok {
			return nil
		}
		t := approval.Spec.APIToken
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: string(t.Namespace), Name: t.Name}}}
	})
}

// directoryMatters lets through that something was read of Jira which decisions depend on.
func directoryMatters() predicate.Predicate {
	isDirectory := func(o client.Object) bool {
		secret, ok := o.(*corev1.Secret)
		return ok && stored.IsIndex(secret)
	}
	p := predicate.NewPredicateFuncs(isDirectory)
	p.CreateFunc = func(e event.CreateEvent) bool { return isDirectory(e.Object) && !e.IsInInitialList }
	p.UpdateFunc = func(e event.UpdateEvent) bool {
		return isDirectory(e.ObjectNew) &&
			e.ObjectOld.GetAnnotations()[stored.AnnotationContent] != e.ObjectNew.GetAnnotations()[stored.AnnotationContent]
	}
	return p
}

func policyMatters() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration()
	}}
}

func namespaceMatters() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false }, // the tokens' own events come with it
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return !maps.Equal(e.ObjectOld.GetLabels(), e.ObjectNew.GetLabels()) ||
				!e.ObjectNew.GetDeletionTimestamp().Equal(e.ObjectOld.GetDeletionTimestamp())
		},
	}
}

// wakeByPolicy wakes the tokens of every policy in the changed policy's namespace: when the elected one goes, the next
// one counts. They wait behind fresh events, so that deleting a token is not held up by 100,000 of them.
func (r *Reconciler) wakeByPolicy() handler.EventHandler {
	return behindFreshEvents(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.tokens(ctx, client.MatchingFields{index.ApiTokenByPolicyNamespace: o.GetNamespace()})
	})
}

func (r *Reconciler) wakeByNamespace() handler.EventHandler {
	return behindFreshEvents(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.tokens(ctx, client.InNamespace(o.GetName()))
	})
}

func (r *Reconciler) tokens(ctx context.Context, opts ...client.ListOption) []reconcile.Request {
	var list v1alpha1.ApiTokenList
	if err := r.Client.List(ctx, &list, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		log.FromContext(ctx).Error(err, "ApiTokens could not be listed")
		return nil
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}
	}
	return requests
}

// behindFreshEvents queues the mapped requests with low priority.
func behindFreshEvents(mapper handler.MapFunc) handler.EventHandler {
	enqueue := func(ctx context.Context, o client.Object, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		requests := mapper(ctx, o)
		priority := handler.LowPriority
		if queue, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, requests...)
			return
		}
		for _, request := range requests {
			q.Add(request)
		}
	}
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) { enqueue(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { enqueue(ctx, e.ObjectNew, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { enqueue(ctx, e.Object, q) },
	}
}
