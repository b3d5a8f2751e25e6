// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// tokenDelay gathers the credentials that come and go, so that issuing 100,000 of them reconciles their policy twice a
// second and not 100,000 times.
const tokenDelay = 500 * time.Millisecond

// wakeBySecret wakes the policy that a Secret is labelled for, and after a change of the label the former one as well.
func wakeBySecret() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, o client.Object) []reconcile.Request {
		return []reconcile.Request{request(o.GetNamespace(), o.GetLabels()[v1alpha1.LabelPolicy])}
	})
}

// notOfDirectory leaves out Secrets that the policy owns as well, and that change with each refresh.
func notOfDirectory() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(o client.Object) bool {
		secret, ok := o.(*corev1.Secret)
		return !ok || secret.Type != v1alpha1.SecretTypeDirectory
	})
}

// wakeSiblings wakes the other policies of a namespace: when the oldest goes, the next one counts.
func (r *Reconciler) wakeSiblings() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.policiesIn(ctx, o.GetNamespace(), o.GetName())
	})
}

func comesOrGoes() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}
}

// wakeByNamespace wakes the policies of a namespace that is being deleted: nothing holds them any more.
func (r *Reconciler) wakeByNamespace() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		return r.policiesIn(ctx, o.GetName(), "")
	})
}

func terminating() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(o client.Object) bool { return o.GetDeletionTimestamp() != nil })
}

func (r *Reconciler) policiesIn(ctx context.Context, namespace, except string) []reconcile.Request {
	var list v1alpha1.TokenPolicyList
	if err := r.Client.List(ctx, &list, client.InNamespace(namespace), client.UnsafeDisableDeepCopy); err != nil {
		log.FromContext(ctx).Error(err, "TokenPolicies could not be listed", "namespace", namespace)
		return nil
	}
	var requests []reconcile.Request
	for i := range list.Items {
		if name := list.Items[i].Name; name != except {
			requests = append(requests, request(namespace, name))
		}
	}
	return requests
}

// wakeByCredential wakes the policy when a token's credential comes or goes, for the count and for a policy that waits to
// be deleted.
func wakeByCredential() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	wake := func(o client.Object, q queue) {
		if secret, ok := o.(*corev1.Secret); ok && isCredential(secret) {
			q.AddAfter(request(secret.Namespace, secret.Labels[v1alpha1.LabelPolicy]), tokenDelay)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) { wake(e.Object, q) },
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) { wake(e.Object, q) },
	}
}

// wakeByRanges wakes the policy when a token begins or ceases to have source ranges: whether they judge clients is told by
// the policy. At a start all tokens are known before a policy is looked at.
func wakeByRanges() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	ranges := func(o client.Object) bool {
		token, ok := o.(*v1alpha1.ApiToken)
		return ok && len(token.Spec.SourceRanges) > 0
	}
	wake := func(o client.Object, q queue) {
		if token, ok := o.(*v1alpha1.ApiToken); ok {
			q.AddAfter(request(string(token.Spec.PolicyRef.Namespace), token.Spec.PolicyRef.Name), tokenDelay)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			if ranges(e.Object) && !e.IsInInitialList {
				wake(e.Object, q)
			}
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			if ranges(e.ObjectOld) != ranges(e.ObjectNew) {
				wake(e.ObjectNew, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue) {
			if ranges(e.Object) {
				wake(e.Object, q)
			}
		},
	}
}

func request(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}
