// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"slices"
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
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// promptDelay gathers what comes together: the owners of many new tokens are looked up in one go, and a Secret that is
// written again and again is tried once a second.
const promptDelay = time.Second

// policyMatters lets through what a person or GitOps tool changed, and confirmations.
func policyMatters() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() ||
			e.ObjectOld.GetAnnotations()[v1alpha1.AnnotationConfirmLoss] != e.ObjectNew.GetAnnotations()[v1alpha1.AnnotationConfirmLoss]
	}}
}

func comesOrGoes() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}
}

// wakeSiblings wakes the other policies of a namespace: when the oldest goes, the next one counts.
func (r *Reconciler) wakeSiblings() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		var list v1alpha1.TokenPolicyList
		if err := r.Client.List(ctx, &list, client.InNamespace(o.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
			log.FromContext(ctx).Error(err, "TokenPolicies could not be listed", "namespace", o.GetNamespace())
			return nil
		}
		var requests []reconcile.Request
		for i := range list.Items {
			if list.Items[i].Name != o.GetName() {
				requests = append(requests, request(o.GetNamespace(), list.Items[i].Name))
			}
		}
		return requests
	})
}

// wakeByToken wakes the policy of a token that is new, or has another owner or policy: its owner may have to be looked up.
// A token that goes can wait for the next refresh.
func wakeByToken() handler.EventHandler {
	type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
	wake := func(token *v1alpha1.ApiToken, q queue) {
		q.AddAfter(request(string(token.Spec.PolicyRef.Namespace), token.Spec.PolicyRef.Name), promptDelay)
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
			if token, ok := e.Object.(*v1alpha1.ApiToken); ok {
				wake(token, q)
			}
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue) {
			before, ok := e.ObjectOld.(*v1alpha1.ApiToken)
			after, alsoOK := e.ObjectNew.(*v1alpha1.ApiToken)
			if ok && alsoOK && (!grant.SameUser(string(before.Spec.Owner), string(after.Spec.Owner)) ||
				before.Spec.PolicyRef != after.Spec.PolicyRef) {
				wake(after, q)
			}
		},
	}
}

// wakeByReference wakes the policy whose directory is read with the help of a Secret.
func (r *Reconciler) wakeByReference() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		key := client.ObjectKey{Namespace: o.GetNamespace(), Name: o.GetLabels()[v1alpha1.LabelPolicy]}
		var p v1alpha1.TokenPolicy
		if err := r.Client.Get(ctx, key, &p, client.UnsafeDisableDeepCopy); err != nil {
			if client.IgnoreNotFound(err) != nil {
				log.FromContext(ctx).Error(err, "a TokenPolicy could not be read", "policy", key)
			}
			return nil
		}
		if !slices.Contains(references(&p.Spec), o.GetName()) {
			return nil
		}
		return []reconcile.Request{{NamespacedName: key}}
	})
}

func ofDirectory() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(o client.Object) bool {
		secret, ok := o.(*corev1.Secret)
		return ok && secret.Type == v1alpha1.SecretTypeDirectory
	})
}

func request(namespace, name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: namespace, Name: name}}
}
