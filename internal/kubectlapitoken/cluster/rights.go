// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
)

// Everywhere is the namespace of a right in all namespaces.
const Everywhere = ""

// Right is one that RBAC gives: to do something with a resource in a namespace.
type Right struct{ Verb, Resource, Namespace string }

// String is how an administrator is asked for it.
func (r Right) String() string {
	if r.Namespace == Everywhere {
		return fmt.Sprintf("%s %s in all namespaces", r.Verb, r.Resource)
	}
	return fmt.Sprintf("%s %s in namespace %s", r.Verb, r.Resource, r.Namespace)
}

// Explain says what was being done when the API server answered with an error, and what to do: which right to ask for.
// What does not exist ends with an exit code of its own.
func Explain(err error, doing string, right Right) error {
	switch {
	case apierrors.IsForbidden(err) && !isAdmission(err):
		return fmt.Errorf("%s: you may not %s: ask for that right (kubectl auth can-i --list -n NAMESPACE shows those that you "+
			"have): %w", doing, right, err)
	case apierrors.IsNotFound(err):
		return exit.Errorf(exit.NotFound, "%s: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isAdmission tells a webhook's or a policy's refusal from that of RBAC, which is Forbidden as well: `User "x" cannot get
// resource …`.
func isAdmission(err error) bool {
	var status apierrors.APIStatus
	return errors.As(err, &status) && !strings.Contains(status.Status().Message, " cannot ")
}
