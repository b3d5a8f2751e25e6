// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// change is a write that is needed: desired is not what live (nil: nothing) is.
type change struct {
	desired *desired
	live    client.Object
}

// needs are the objects that another one hands its power to, by kind: it is not made while one of them is somebody else's, or
// could become so, as it was refused to us.
var needs = map[string][]string{
	"RoleBinding": {"ServiceAccount", "Role"},
	"Deployment":  {"Secret", "ServiceAccount"},
}

// application applies a policy's objects one by one, in one reconcile.
type application struct {
	*Reconciler

	policy *v1alpha1.TokenPolicy
	// found is the worst of what stood in the way of an object, and unfit the kinds that are not ours, see needs.
	found   *problemError
	unfit   map[string]bool
	created []*unstructured.Unstructured
}

func newApplication(r *Reconciler, p *v1alpha1.TokenPolicy) *application {
	return &application{Reconciler: r, policy: p, unfit: map[string]bool{}}
}

// apply makes one object as it should be. What stands in its way is found and does not stop the others.
func (a *application) apply(ctx context.Context, d *desired) error {
	c, err := a.compare(ctx, a.policy, d)
	if found, ok := errors.AsType[*problemError](err); ok {
		a.find(ctx, d, found, found.reason == v1alpha1.ReasonForeignObject)
		return nil
	}
	if err != nil || c == nil {
		return err
	}
	if c.live == nil && slices.ContainsFunc(needs[d.kind()], func(kind string) bool { return a.unfit[kind] }) {
		return nil
	}
	err = a.write(ctx, c)
	if found := refused(d, err); found != nil {
		a.find(ctx, d, found, c.live == nil)
		return nil
	}
	return err
}

// tell records one event for all that was created: a second one of the same reason would only count the first up.
func (a *application) tell() {
	if len(a.created) > 0 {
		a.event(a.policy, gatewayObjectsCreated(a.created))
	}
}

// keepConfiguration lets a gateway follow its policy while that is held in its deletion. Nothing is made any more: the
// garbage collector may be at work.
func (r *Reconciler) keepConfiguration(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	configuration, _, err := r.desiredObjects(ctx, p)
	if err == nil {
		var c *change
		if c, err = r.compare(ctx, p, configuration); err == nil && c != nil && c.live != nil {
			return newApplication(r, p).write(ctx, c)
		}
	}
	if _, ok := errors.AsType[*problemError](err); ok {
		return nil // the status speaks of the deletion
	}
	return err
}

// compare finds the write that an object needs; nil: none. It looks into the cache first: nearly always the object is there
// and as it should be. Before a write it looks at the object itself: one without our label is not in the cache.
func (r *Reconciler) compare(ctx context.Context, p *v1alpha1.TokenPolicy, d *desired) (*change, error) {
	cached := d.empty()
	err := r.Client.Get(ctx, client.ObjectKeyFromObject(cached), cached)
	switch {
	case err == nil && metav1.IsControlledBy(cached, p) && r.asDesired(d, cached):
		return nil, nil //nolint:nilnil // no change is a result
	case client.IgnoreNotFound(err) != nil:
		return nil, fmt.Errorf("get %s: %w", d, err)
	}
	live := d.empty()
	err = r.Live.Get(ctx, client.ObjectKeyFromObject(live), live)
	switch {
	case apierrors.IsNotFound(err):
		return &change{desired: d}, nil
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", d, err)
	case !metav1.IsControlledBy(live, p):
		return nil, &problemError{reason: v1alpha1.ReasonForeignObject, lookAgain: true, message: fmt.Sprintf(
			"%s is in the way: the gateway needs an object of that name, and this one does not belong to the policy; delete or rename it",
			d)}
	case live.GetDeletionTimestamp() != nil:
		return nil, &problemError{reason: v1alpha1.ReasonGatewayStarting, waiting: true, lookAgain: true, message: fmt.Sprintf(
			"%s is being deleted; it will be made again once it is gone", d)}
	case r.asDesired(d, live): // the cache was behind
		return nil, nil //nolint:nilnil // as above
	}
	return &change{desired: d, live: live}, nil
}

// asDesired tells whether applying would change nothing: by what the object has, or because this very version of it is
// what came of applying. Mutating webhooks add containers and volumes, which are not ours to take away.
func (r *Reconciler) asDesired(d *desired, live client.Object) bool {
	return d.matches(live) || r.known.is(d.key(), d.appliedTo(live.GetUID(), live.GetResourceVersion()))
}

// write creates or applies. An object is made with Create, never with Apply, which would merge into an object that
// somebody else made in that moment; and Apply carries the UID of the object that was found to be ours.
func (a *application) write(ctx context.Context, c *change) error {
	if c.live == nil {
		object := c.desired.unstructured()
		if err := a.Client.Create(ctx, object, client.FieldOwner(v1alpha1.ManagedBy)); err != nil {
			return fmt.Errorf("create %s: %w", c.desired, err)
		}
		a.created = append(a.created, object)
		return nil
	}
	changed, err := a.change(ctx, c)
	if err != nil {
		return err
	}
	if changed && c.desired.wasApplied(c.live) {
		log.FromContext(ctx).Info("corrected drift", "object", c.desired.String())
		a.event(a.policy, driftCorrected(c))
	}
	return nil
}

// change applies, and tells whether that changed anything.
func (r *Reconciler) change(ctx context.Context, c *change) (changed bool, err error) {
	changed, err = r.changeAs(ctx, c, sets.New(v1alpha1.ManagedBy))
	if !apierrors.IsInvalid(err) {
		return changed, err
	}
	// Our fields and somebody else's can't be together: a Service with our port and the same one under another number.
	// Then ours count alone.
	others := sets.New[string]()
	for _, entry := range c.live.GetManagedFields() {
		others.Insert(entry.Manager)
	}
	return r.changeAs(ctx, c, others)
}

// changeAs applies what is desired; whatever else the given managers wrote into the object goes.
//
// Among them are we ourselves, by Create: otherwise a field that the policy no longer asks for would stay in the object,
// owned by its creation.
func (r *Reconciler) changeAs(ctx context.Context, c *change, managers sets.Set[string]) (changed bool, err error) {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(c.live, managers, v1alpha1.ManagedBy)
	if err != nil {
		return false, fmt.Errorf("read who owns the fields of %s: %w", c.desired, err)
	}
	if patch != nil {
		// It fills live with what the API server answers, the next resource version with it.
		if err := r.Client.Patch(ctx, c.live, client.RawPatch(types.JSONPatchType, patch)); err != nil {
			return false, fmt.Errorf("take over the fields of %s: %w", c.desired, err)
		}
	}
	applied := c.desired.withUID(c.live.GetUID()) // filled with the answer as well
	configuration := client.ApplyConfigurationFromUnstructured(applied)
	if err := r.Client.Apply(ctx, configuration, client.FieldOwner(v1alpha1.ManagedBy), client.ForceOwnership); err != nil {
		return false, fmt.Errorf("apply %s: %w", c.desired, err)
	}
	r.known.set(c.desired.key(), c.desired.appliedTo(applied.GetUID(), applied.GetResourceVersion()))
	return applied.GetResourceVersion() != c.live.GetResourceVersion(), nil
}
