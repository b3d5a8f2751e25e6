// SPDX-License-Identifier: Apache-2.0

// Package policysecret tells apart the Secrets that a policy may refer to, which people make, and those that the operator
// makes.
package policysecret

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// MadeByOperator tells whether a Secret is one of the operator's own, which no policy may refer to.
func MadeByOperator(secret *corev1.Secret) bool {
	return strings.HasPrefix(string(secret.Type), v1alpha1.GroupVersion.Group+"/") ||
		secret.Labels[v1alpha1.LabelTokenUID] != ""
}

// MayBeReferredTo leaves out the Secrets that the operator makes: there may be 100,000 of them.
func MayBeReferredTo() predicate.Predicate {
	return predicate.NewPredicateFuncs(func(o client.Object) bool {
		secret, ok := o.(*corev1.Secret)
		return ok && secret.Labels[v1alpha1.LabelPolicy] != "" && !MadeByOperator(secret)
	})
}
