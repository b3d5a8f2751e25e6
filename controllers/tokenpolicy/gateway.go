// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// change is a write that is needed: desired is not what live (nil: nothing) is.
type change struct {
	desired *desired
	live    client.Object
}

// applyGateway makes the gateway's objects as they should be. It looks at all of them before it writes any, so that an
// object of somebody else's leaves nothing half-made.
func (r *Reconciler) applyGateway(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	objects, err := resources.Build(p, r.Gateway)
	if err != nil {
		return &problemError{reason: v1alpha1.ReasonInvalidSpec, message: err.Error()}
	}
	var changes []change
	for _, object := range objects {
		wanted, err := newDesired(object, r.Client.Scheme())
		if err != nil {
			return err
		}
		needed, err := r.compare(ctx, p, wanted)
		if err != nil {
			return err
		}
		changes = append(changes, needed...)
	}
	for _, c := range changes {
		if err := r.write(ctx, p, &c); err != nil {
			return err
		}
	}
	return nil
}

// compare finds the write that an object needs, if it needs one. It looks into the cache first: nearly always the object
// is there and as it should be. Before a write it looks at the object itself: one without our label is not in the cache.
func (r *Reconciler) compare(ctx context.Context, p *v1alpha1.TokenPolicy, d *desired) ([]change, error) {
	cached := d.empty()
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(cached), cached)
	switch {
	case err == nil && metav1.IsControlledBy(cached, p) && d.matches(cached):
		return nil, nil
	case client.IgnoreNotFound(err) != nil:
		return nil, fmt.Errorf("get %s: %w", d, err)
	}
	live := d.empty()
	err = r.Live.Get(ctx, client.ObjectKeyFromObject(live), live)
	switch {
	case apierrors.IsNotFound(err):
		return []change{{desired: d}}, nil
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", d, err)
	case !metav1.IsControlledBy(live, p):
		return nil, &problemError{reason: v1alpha1.ReasonForeignObject, lookAgain: true, message: fmt.Sprintf(
			"%s is in the way: the gateway needs an object of that name, and this one does not belong to the policy; delete or rename it",
			d)}
	case live.GetDeletionTimestamp() != nil:
		return nil, &problemError{reason: v1alpha1.ReasonGatewayStarting, waiting: true, lookAgain: true, message: fmt.Sprintf(
			"%s is being deleted; it will be made again once it is gone", d)}
	case d.matches(live): // the cache was behind
		return nil, nil
	}
	return []change{{desired: d, live: live}}, nil
}

// write creates or applies. An object is made with Create, never with Apply, which would merge into an object that
// somebody else made in that moment; and Apply carries the UID of the object that was found to be ours.
func (r *Reconciler) write(ctx context.Context, p *v1alpha1.TokenPolicy, c *change) error {
	if c.live == nil {
		if err := r.Client.Create(ctx, c.desired.unstructured(), client.FieldOwner(v1alpha1.ManagedBy)); err != nil {
			return fmt.Errorf("create %s: %w", c.desired, err)
		}
		r.event(p, gatewayObjectCreated(c.desired))
		return nil
	}
	if err := r.apply(ctx, c); err != nil {
		return err
	}
	if c.desired.wasApplied(c.live) {
		log.FromContext(ctx).Info("corrected drift", "object", c.desired.String())
		r.event(p, driftCorrected(c.desired))
	}
	return nil
}

func (r *Reconciler) apply(ctx context.Context, c *change) error {
	err := r.applyAs(ctx, c, sets.New(v1alpha1.ManagedBy))
	if !apierrors.IsInvalid(err) {
		return err
	}
	// Our fields and somebody else's can't be together: a Service with our port and the same one under another number.
	// Then ours count alone.
	others := sets.New[string]()
	for _, entry := range c.live.GetManagedFields() {
		others.Insert(entry.Manager)
	}
	return r.applyAs(ctx, c, others)
}

// applyAs applies what is desired; whatever else the given managers wrote into the object goes.
//
// Among them are we ourselves, by Create: otherwise a field that the policy no longer asks for would stay in the object,
// owned by its creation.
func (r *Reconciler) applyAs(ctx context.Context, c *change, managers sets.Set[string]) error {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(c.live, managers, v1alpha1.ManagedBy)
	if err != nil {
		return fmt.Errorf("read who owns the fields of %s: %w", c.desired, err)
	}
	if patch != nil {
		// It fills live with what the API server answers, the next resource version with it.
		if err := r.Client.Patch(ctx, c.live, client.RawPatch(types.JSONPatchType, patch)); err != nil {
			return fmt.Errorf("take over the fields of %s: %w", c.desired, err)
		}
	}
	configuration := client.ApplyConfigurationFromUnstructured(c.desired.withUID(c.live.GetUID()))
	if err := r.Client.Apply(ctx, configuration, client.FieldOwner(v1alpha1.ManagedBy), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply %s: %w", c.desired, err)
	}
	return nil
}
