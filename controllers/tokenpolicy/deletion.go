// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

const namesInMessage = 5

// reconcileDeletion holds the policy while tokens work by it, then takes the gateway away and lets the policy go.
func (r *Reconciler) reconcileDeletion(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	if !controllerutil.ContainsFinalizer(p, v1alpha1.FinalizerInUse) {
		return nil
	}
	var held *problemError
	switch err := r.checkUnused(ctx, p); {
	case errors.As(err, &held):
		if err := r.keepConfiguration(ctx, p); err != nil {
			return err
		}
		return r.updateStatus(ctx, p, held)
	case err != nil:
		return err
	}
	if err := r.deleteGateway(ctx, p); err != nil {
		return err
	}
	r.recordDeletion(p)
	patch := client.MergeFromWithOptions(p.DeepCopy(), client.MergeFromWithOptimisticLock{})
	controllerutil.RemoveFinalizer(p, v1alpha1.FinalizerInUse)
	if err := r.Client.Patch(ctx, p, patch); err != nil {
		return client.IgnoreNotFound(fmt.Errorf("remove finalizer: %w", err))
	}
	return nil
}

// checkUnused says what holds the policy, if anything does.
func (r *Reconciler) checkUnused(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	if p.Annotations[v1alpha1.AnnotationDeleteWithTokens] == "true" {
		return nil
	}
	credentials, err := r.secrets.credentials(client.ObjectKeyFromObject(p))
	if err != nil || len(credentials) == 0 {
		return err
	}
	var namespace corev1.Namespace
	if err := r.Client.Get(ctx, client.ObjectKey{Name: p.Namespace}, &namespace); err != nil {
		return fmt.Errorf("get namespace %s: %w", p.Namespace, err)
	}
	if namespace.DeletionTimestamp != nil {
		return nil // it must be able to finish
	}
	return r.inUse(p, credentials)
}

func (r *Reconciler) inUse(p *v1alpha1.TokenPolicy, credentials []string) *problemError {
	slices.Sort(credentials) // the same few each time: the names of all 100,000 would take a while
	few := credentials[:min(len(credentials), namesInMessage)]
	tokens := make([]string, 0, len(few))
	for _, credential := range few {
		tokens = append(tokens, r.secrets.tokenOf(credential))
	}
	slices.Sort(tokens)
	names := strings.Join(tokens, ", ")
	if len(credentials) > namesInMessage {
		names += ", …"
	}
	return &problemError{reason: v1alpha1.ReasonInUse, waiting: true, message: fmt.Sprintf(
		"ApiTokens have credentials from the policy, which is being deleted (%d: %s): delete them, or have them stop working with "+
			"it: kubectl annotate tokenpolicy %s -n %s %s=true",
		len(credentials), names, p.Name, p.Namespace, v1alpha1.AnnotationDeleteWithTokens)}
}

// deleteGateway deletes what the garbage collector would delete as well, in an order that it does not keep: the pods
// stop before what they need goes. Objects that are not the policy's are left alone.
func (r *Reconciler) deleteGateway(ctx context.Context, p *v1alpha1.TokenPolicy) error {
	deleted := false
	for _, object := range slices.Backward(resources.Empty(p.Namespace, p.Name)) {
		err := r.Live.Get(ctx, client.ObjectKeyFromObject(object), object)
		if apierrors.IsNotFound(err) || (err == nil && !metav1.IsControlledBy(object, p)) {
			continue
		}
		if err == nil {
			err = r.Client.Delete(ctx, object,
				client.Preconditions{UID: new(object.GetUID())}, client.PropagationPolicy(metav1.DeletePropagationBackground))
		}
		if apierrors.IsForbidden(err) && namespaced.UnlessEnding(ctx, r.Live, p.Namespace, err) == nil {
			continue // it goes with the namespace, and so did the manager's Role
		}
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete %T %s: %w", object, object.GetName(), err)
		}
		deleted = true
	}
	if deleted {
		r.event(p, gatewayDeleted())
	}
	return nil
}
