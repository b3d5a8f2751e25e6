// SPDX-License-Identifier: Apache-2.0

package namespaced

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The Role in a namespace goes with it, perhaps before the rest of what is there. After that the API server refuses what
// concerns the namespace, and says so as well of what there is no more.

// UnlessGone is an error, but none if it is such a refusal and the namespace is gone.
func UnlessGone(ctx context.Context, live client.Reader, namespace string, err error) error {
	if !apierrors.IsForbidden(err) {
		return err
	}
	if apierrors.IsNotFound(live.Get(ctx, client.ObjectKey{Name: namespace}, &corev1.Namespace{})) {
		return nil
	}
	return err
}

// UnlessEnding is UnlessGone for what a namespace waits for while it is being deleted: there it would wait for ever.
func UnlessEnding(ctx context.Context, live client.Reader, namespace string, err error) error {
	if err = UnlessGone(ctx, live, namespace, err); !apierrors.IsForbidden(err) {
		return err
	}
	var found corev1.Namespace
	if live.Get(ctx, client.ObjectKey{Name: namespace}, &found) == nil && found.DeletionTimestamp != nil {
		return nil
	}
	return err
}
