// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

const (
	// cacheDelay is how long the cache gets to see a write.
	cacheDelay = 100 * time.Millisecond
	// soonest bounds how soon a policy is looked at again by itself.
	soonest = time.Second
)

// Reconcile reads what is due of one policy's groups and users, and says how that went.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var p v1alpha1.TokenPolicy
	err := r.Client.Get(ctx, req.NamespacedName, &p)
	if apierrors.IsNotFound(err) {
		r.forget(req.NamespacedName)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("get TokenPolicy: %w", err)
	}
	result, err := r.reconcile(ctx, &p)
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err), apierrors.IsNotFound(err):
		// The cache was behind, or somebody wrote or deleted at the same time. That is no error; look again soon.
		log.FromContext(ctx).V(1).Info("somebody else wrote at the same time", "error", err.Error())
		return ctrl.Result{RequeueAfter: cacheDelay}, nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return ctrl.Result{}, nil // nothing can be made there; the policy's own deletion follows
	}
	return result, err
}

func (r *Reconciler) reconcile(ctx context.Context, p *v1alpha1.TokenPolicy) (ctrl.Result, error) {
	counts, err := r.counts(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !counts {
		return ctrl.Result{}, r.clear(ctx, p)
	}
	w, err := r.newPass(ctx, p)
	if found, ok := errors.AsType[*problem](err); ok {
		return ctrl.Result{}, r.updateStatus(ctx, p, nil, found)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	known, err := r.Directory.Of(ctx, p)
	if err != nil {
		return ctrl.Result{}, err
	}
	if known != nil {
		intact, err := r.Directory.Intact(ctx, p)
		if err != nil {
			return ctrl.Result{}, err
		}
		w.broken = !intact
	}
	if w.due(known) {
		if known, err = r.run(ctx, w, known); err != nil {
			return ctrl.Result{}, err
		}
	}
	r.metrics.confirmed(p, known)
	if err := r.updateStatus(ctx, p, w.groupStatus(known), w.judge(known)); err != nil {
		return ctrl.Result{}, err
	}
	_, next := w.state.refreshDue(w.now, w.source)
	return ctrl.Result{RequeueAfter: max(w.nextLook(known, next).Sub(r.Clock.Now()), soonest)}, nil
}

// counts tells whether a policy's directory is to be read: it has one, and is the one that counts in its namespace.
func (r *Reconciler) counts(ctx context.Context, p *v1alpha1.TokenPolicy) (bool, error) {
	if p.Spec.Directory == nil {
		return false, nil
	}
	var list v1alpha1.TokenPolicyList
	if err := r.Client.List(ctx, &list, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return false, fmt.Errorf("list TokenPolicies: %w", err)
	}
	elected := policy.Elect(list.Items)
	return elected != nil && elected.UID == p.UID, nil
}

// newPass gathers what a pass depends on.
func (r *Reconciler) newPass(ctx context.Context, p *v1alpha1.TokenPolicy) (w *pass, err error) {
	w = &pass{
		policy: p, state: r.states.of(client.ObjectKeyFromObject(p), p.UID), now: r.Clock.Now(), candidates: candidatesOf(&p.Spec),
	}
	w.state.cleared = false
	w.groups, w.groupNames = wantedGroups(&p.Spec)
	if w.settings, err = readSettings(p); err != nil {
		return nil, err
	}
	if w.source, err = r.source(ctx, p); err != nil {
		return nil, err
	}
	var tokens v1alpha1.ApiTokenList
	err = r.Client.List(ctx, &tokens, client.UnsafeDisableDeepCopy,
		client.MatchingFields{index.ApiTokenByPolicyNamespace: p.Namespace})
	if err != nil {
		return nil, fmt.Errorf("list ApiTokens: %w", err)
	}
	w.owners = ownersOf(p, tokens.Items)
	w.refresh, _ = w.state.refreshDue(w.now, w.source)
	return w, nil
}

// clear takes away all that there is of a directory that does not count any more. Each new token wakes a policy: looking
// among perhaps 100,000 Secrets once is enough, unless an index comes to light later.
func (r *Reconciler) clear(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	key := client.ObjectKeyFromObject(p)
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: stored.IndexName(p.Name)}, &corev1.Secret{})
	gone := apierrors.IsNotFound(err)
	if err != nil && !gone {
		return fmt.Errorf("get the directory's index: %w", err)
	}
	if gone && r.states.of(key, p.UID).cleared {
		return nil
	}
	if err := r.store.Clear(ctx, p); err != nil {
		return err
	}
	if err := r.clearStatus(ctx, p); err != nil {
		return err
	}
	r.forget(key)
	r.states.of(key, p.UID).cleared = true
	return nil
}

func (r *Reconciler) forget(key client.ObjectKey) {
	r.states.Forget(key)
	r.Directory.Forget(key)
	r.metrics.forget(key)
}
