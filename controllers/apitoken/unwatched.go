// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// watchesPolicyOf tells whether the operator works on the namespace of a token's policy.
func (r *Reconciler) watchesPolicyOf(t *v1alpha1.ApiToken) bool {
	return r.Namespaces.Has(string(t.Spec.PolicyRef.Namespace))
}

// unrevokable says what holds the deletion of a token whose credentials, if it has any, are out of reach: it would go on
// working with nobody left to end it.
func (r *Reconciler) unrevokable(t *v1alpha1.ApiToken, err error) error {
	return fmt.Errorf("revoke the token's credentials: namespace %s is none of --watch-namespaces: add it until the token is gone: "+
		"%w", t.Spec.PolicyRef.Namespace, err)
}

// leaveAlone tells of credentials whose ApiToken is in a namespace that the operator does not work on, any more or yet.
// Whether it is gone can't be told, so they stay as they are.
func (r *Reconciler) leaveAlone(ctx context.Context, key types.NamespacedName, credentials int) {
	log.FromContext(ctx).Info("credentials are left as they are: the namespace of their ApiToken is none of --watch-namespaces",
		"apiToken", key.String(), "credentials", credentials)
}

// outside is what would become of a token in such a namespace.
func (r *Reconciler) outside(t *v1alpha1.ApiToken) Preview {
	message := fmt.Sprintf("The operator does not work on namespace %s: nothing becomes of this ApiToken. Have the namespace added "+
		"to the manager's --watch-namespaces.", t.Namespace)
	return Preview{Certain: true, Mode: v1alpha1.AdmissionWarn, Message: message}
}
