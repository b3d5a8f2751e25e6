// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"errors"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

var errNotYet = errors.New("not yet")

func outputError(out string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, out)
}

func requesterNamed(name string) grant.Requester { return grant.Requester{User: name} }

func subjectOf(name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}
}
