// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// declaredRequester is the user of --requester, with the groups that the API server adds by itself; nil: it is not given.
func (o *options) declaredRequester() *grant.Requester {
	if o.requester == "" {
		return nil
	}
	groups := append(slices.Clone(o.requesterGroups), "system:authenticated")
	if account, ok := strings.CutPrefix(o.requester, "system:serviceaccount:"); ok {
		namespace, _, _ := strings.Cut(account, ":")
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	}
	return &grant.Requester{User: o.requester, Groups: groups}
}
