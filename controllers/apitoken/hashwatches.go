// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// hashDeclared lets through what may give the hash that an ApiToken declares, or declared, to another, or take it.
func hashDeclared() predicate.Predicate {
	declares := func(o client.Object) bool {
		t, ok := o.(*v1alpha1.ApiToken)
		return ok && t.Spec.TokenHash != ""
	}
	rank := rankChanged()
	p := predicate.NewPredicateFuncs(declares)
	p.CreateFunc = func(e event.CreateEvent) bool { return declares(e.Object) && rank.Create(e) }
	p.UpdateFunc = func(e event.UpdateEvent) bool {
		return (declares(e.ObjectOld) || declares(e.ObjectNew)) && (rank.Update(e) || acceptanceChanged(e))
	}
	return p
}

// acceptanceChanged: by nobody else than the operator, as a rule.
func acceptanceChanged(e event.UpdateEvent) bool {
	return annotationChanged(e, annotationAccepted)
}

// wakeByDeclaredHash wakes the ApiTokens that declare the same hash as one that changed, before or after that.
func (r *Reconciler) wakeByDeclaredHash() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		t, ok := o.(*v1alpha1.ApiToken)
		if !ok || t.Spec.TokenHash == "" {
			return nil
		}
		return r.tokens(ctx, client.MatchingFields{apiTokenByHash: declaredHashKey(t)})
	})
}

// hashHeld lets through the credentials that come and go. What else changes about one frees no hash and takes none.
func hashHeld() predicate.Predicate {
	has := func(o client.Object) bool {
		_, ok := hashOfHashSecret(o)
		return ok
	}
	p := predicate.NewPredicateFuncs(has)
	p.CreateFunc = func(e event.CreateEvent) bool { return !e.IsInInitialList && has(e.Object) } // then tokens come themselves
	p.UpdateFunc = func(e event.UpdateEvent) bool {
		before, _ := hashOfHashSecret(e.ObjectOld)
		after, _ := hashOfHashSecret(e.ObjectNew)
		return before != after
	}
	return p
}

// wakeByHash wakes the ApiTokens that declare the hash of a credential.
func (r *Reconciler) wakeByHash() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		key, ok := hashOfHashSecret(o)
		if !ok {
			return nil
		}
		return r.tokens(ctx, client.MatchingFields{apiTokenByHash: key})
	})
}
