// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/namespaced"
)

// unlessEnding is an error, but none if the API server refuses something in a namespace that a deleted token may take for gone.
// Its own need only be on its way: it waits for the token. Credentials elsewhere must be gone, or they could outlive it.
func (r *Reconciler) unlessEnding(ctx context.Context, t *v1alpha1.ApiToken, namespace string, err error) error {
	if namespace == t.Namespace && t.DeletionTimestamp != nil {
		return namespaced.UnlessEnding(ctx, r.Live, namespace, err)
	}
	return namespaced.UnlessGone(ctx, r.Live, namespace, err)
}
