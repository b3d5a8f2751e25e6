// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
)

func belongsToToken() predicate.Predicate {
	labelled := func(o client.Object) bool { return o.GetLabels()[v1alpha1.LabelTokenUID] != "" }
	p := predicate.NewPredicateFuncs(labelled)
	p.UpdateFunc = func(e event.UpdateEvent) bool { // the label may just have been removed
		return labelled(e.ObjectOld) || labelled(e.ObjectNew)
	}
	return p
}

// isOwnerCredential lets through the coming, going and changing of owners' Jira tokens.
func isOwnerCredential() predicate.Predicate {
	labelled := func(o client.Object) bool { return o.GetLabels()[v1alpha1.LabelCredential] != "" }
	p := predicate.NewPredicateFuncs(labelled)
	p.CreateFunc = func(e event.CreateEvent) bool { return labelled(e.Object) && !e.IsInInitialList } // tokens come themselves
	p.UpdateFunc = func(e event.UpdateEvent) bool { return labelled(e.ObjectOld) || labelled(e.ObjectNew) }
	return p
}

// wakeByOwnerCredential wakes the tokens of the owner whose Jira token came, went or changed.
func (r *Reconciler) wakeByOwnerCredential() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		secret, ok := o.(*corev1.Secret)
		if !ok {
			return nil
		}
		owner, ok := index.OwnerOfTokenSecret(secret)
		if !ok {
			return nil
		}
		return r.tokens(ctx, client.MatchingFields{index.ApiTokenByOwner: index.OwnerTokenKey(secret.Namespace, owner)})
	})
}

// wakeBySecret wakes the token that a hash Secret or a token Secret belongs to. At a start that includes the hash
// Secrets whose ApiToken is gone, so orphans are found without a sweep of their own.
//
// A hash Secret that was changed was changed by us: what follows is the status, and it waits behind the credentials of all
// the tokens whose policy was tightened.
func wakeBySecret() handler.EventHandler {
	at := handler.EnqueueRequestsFromMapFunc(tokenOfSecret)
	behind := behindFreshEvents(tokenOfSecret)
	return handler.Funcs{
		CreateFunc: at.Create,
		DeleteFunc: at.Delete,
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			if _, ok := tokenOfHashSecret(e.ObjectNew); ok {
				behind.Update(ctx, e, q)
				return
			}
			at.Update(ctx, e, q)
		},
	}
}

func tokenOfSecret(_ context.Context, o client.Object) []reconcile.Request {
	if key, ok := tokenOfHashSecret(o); ok {
		return []reconcile.Request{{NamespacedName: key}}
	}
	if owner := metav1.GetControllerOf(o); owner != nil && owner.Kind == "ApiToken" {
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: owner.Name}}}
	}
	return nil
}

// tokenOfHashSecret reads which ApiToken a hash Secret was made for. It only decides who is woken.
func tokenOfHashSecret(o client.Object) (types.NamespacedName, bool) {
	secret, ok := o.(*corev1.Secret)
	if !ok || secret.Type != v1alpha1.SecretTypeTokenHash {
		return types.NamespacedName{}, false
	}
	return parseKey(secret.Annotations[annotationToken])
}
