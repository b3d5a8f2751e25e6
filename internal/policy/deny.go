// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

type deny struct {
	owners, namespaces, tokens map[string]bool
}

func compileDeny(d *v1alpha1.Deny) deny {
	if d == nil {
		return deny{}
	}
	return deny{owners: foldedSet(d.Owners), namespaces: foldedSet(d.Namespaces), tokens: foldedSet(d.Tokens)}
}

func (p *Policy) denied(r *Request) string {
	switch {
	case p.deny.owners[grant.FoldUser(r.Owner)]:
		return fmt.Sprintf("policy %s denies the owner %q (spec.deny.owners)", p, r.Owner)
	case p.deny.namespaces[r.Namespace]:
		return fmt.Sprintf("policy %s denies the namespace %q (spec.deny.namespaces)", p, r.Namespace)
	case p.deny.tokens[r.Namespace+"/"+r.Name]:
		return fmt.Sprintf("policy %s denies this token (spec.deny.tokens)", p)
	}
	return ""
}
