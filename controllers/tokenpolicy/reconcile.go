// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// lookAgain is for what no watch tells of: objects and Secrets that do not carry our labels. Somebody is at work on them
// and waits.
const lookAgain = 15 * time.Second

// cacheDelay is how long the cache gets to see a write.
const cacheDelay = 100 * time.Millisecond

// problemError is why a policy is not ready. It is an error of the policy's, for its status; all other errors are the
// controller's, and are tried again.
type problemError struct {
	reason, message string
	// waiting: what is missing may still come. Otherwise a person must act.
	waiting bool
	// lookAgain: the end of the problem may go unnoticed by the watches.
	lookAgain bool
}

// Error is what the status says.
func (p *problemError) Error() string { return p.message }

// Reconcile brings the cluster to what one policy declares.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	var p v1alpha1.TokenPolicy
	if err := r.Client.Get(ctx, req.NamespacedName, &p); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	result, err := r.reconcile(ctx, &p)
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		// The cache was behind, or somebody wrote at the same time. That is no error; look again soon.
		log.FromContext(ctx).V(1).Info("somebody else wrote at the same time", "error", err.Error())
		return ctrl.Result{RequeueAfter: cacheDelay}, nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return ctrl.Result{}, nil // nothing can be made there; the policy's own deletion follows
	}
	return result, err
}

func (r *Reconciler) reconcile(ctx context.Context, p *v1alpha1.TokenPolicy) (ctrl.Result, error) {
	if p.DeletionTimestamp != nil {
		return ctrl.Result{}, r.reconcileDeletion(ctx, p)
	}
	if !controllerutil.ContainsFinalizer(p, v1alpha1.FinalizerInUse) {
		before := p.DeepCopy()
		controllerutil.AddFinalizer(p, v1alpha1.FinalizerInUse)
		// With the lock, as the list of finalizers is written as a whole.
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		if err := r.Client.Patch(ctx, p, patch); err != nil {
			return ctrl.Result{}, client.IgnoreNotFound(fmt.Errorf("add finalizer: %w", err))
		}
	}
	var found *problemError
	if err := r.advance(ctx, p); err != nil && !errors.As(err, &found) {
		return ctrl.Result{}, err // the status stays as it was: an API server that can't be reached is no news
	}
	return r.after(p, found), r.updateStatus(ctx, p, found)
}

// advance does what is needed for the policy to be ready, as far as it comes.
//
// The gateway's configuration is written whatever else is wrong: a deny must not wait for the end of another problem.
func (r *Reconciler) advance(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	configuration, others, err := r.desiredObjects(ctx, p)
	if err != nil {
		return err
	}
	run := newApplication(r, p)
	defer run.tell()
	if err := run.apply(ctx, configuration); err != nil {
		return err
	}
	var found *problemError
	switch err := r.checkReferences(ctx, p); {
	case errors.As(err, &found):
		return worse(run.found, found)
	case err != nil:
		return err
	}
	for _, object := range others {
		if err := run.apply(ctx, object); err != nil {
			return err
		}
	}
	if run.found != nil {
		return run.found
	}
	return nil
}

// worse picks what the status speaks of: a person must act rather than wait, and the first of two.
func worse(a, b *problemError) *problemError {
	if a == nil || (b != nil && a.waiting && !b.waiting) {
		return b
	}
	return a
}

// desiredObjects are what is to be applied. Only a policy that does not count or can't be compiled has none.
func (r *Reconciler) desiredObjects(
	ctx context.Context, p *v1alpha1.TokenPolicy,
) (configuration *desired, others []*desired, err error) {
	if err := r.checkElected(ctx, p); err != nil {
		return nil, nil, err
	}
	if err := checkSpec(p); err != nil {
		return nil, nil, err
	}
	deployment, err := r.gatewayDeployment(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	opts := r.Gateway
	opts.Replicas, opts.Activity = wantedReplicas(deployment), r.activity(ctx)
	objects, err := resources.Build(p, opts)
	if err != nil {
		return nil, nil, &problemError{reason: v1alpha1.ReasonInvalidSpec, message: err.Error()}
	}
	for _, object := range objects {
		wanted, err := newDesired(object, r.Client.Scheme())
		if err != nil {
			return nil, nil, err
		}
		others = append(others, wanted)
	}
	return others[0], others[1:], nil // Build promises that order
}

// checkElected lets only the oldest policy of a namespace count: the gateway's Role shows it every Secret there.
func (r *Reconciler) checkElected(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	var list v1alpha1.TokenPolicyList
	if err := r.Client.List(ctx, &list, client.InNamespace(p.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return fmt.Errorf("list TokenPolicies: %w", err)
	}
	elected := policy.Elect(list.Items)
	if elected == nil {
		return errors.New("the cache does not have the policy yet")
	}
	if elected.UID == p.UID {
		return nil
	}
	return &problemError{reason: v1alpha1.ReasonAnotherPolicy, message: fmt.Sprintf(
		"TokenPolicy %s is older and in the same namespace, where only one counts: declare this one in a namespace of its own, "+
			"or delete the other",
		elected.Name)}
}

func checkSpec(p *v1alpha1.TokenPolicy) error {
	if _, err := policy.Compile(p, nil); err != nil {
		return &problemError{reason: v1alpha1.ReasonInvalidSpec, message: err.Error()}
	}
	return nil
}

func (r *Reconciler) after(p *v1alpha1.TokenPolicy, found *problemError) ctrl.Result {
	wait := r.again(p, found)
	if before := p.Spec.RevokeIssuedBefore; before != nil { // until it counts, the status says that it does not
		if counts := before.Sub(r.Clock.Now()); counts > 0 && (wait == 0 || counts < wait) {
			wait = counts
		}
	}
	return ctrl.Result{RequeueAfter: wait}
}
