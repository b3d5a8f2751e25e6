// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

type rule struct {
	name          string
	namespaces    namespaceSet
	owners        owners
	create        *create // nil: anybody may
	limits        limits
	needsApproval bool
}

func compileRule(r *v1alpha1.Rule, groups groupIndex) (rule, error) {
	namespaces, err := compileNamespaces(&r.Namespaces)
	if err != nil {
		return rule{}, fmt.Errorf("namespaces: %w", err)
	}
	limits, err := compileLimits(&r.Limits)
	if err != nil {
		return rule{}, fmt.Errorf("limits.%w", err)
	}
	return rule{
		name: r.Name, namespaces: namespaces, owners: compileOwners(&r.Owners, groups),
		create: compileCreate(r.Create, groups), limits: limits,
		needsApproval: r.Approval != nil && r.Approval.Required,
	}, nil
}

// evaluate says what stands in a request's way.
func (r *rule) evaluate(q *question) findings {
	f := r.evaluateAlone(q)
	if f.answer() != No { // counting is the dearest check, and would change nothing
		r.checkTokensPerOwner(q, &f)
	}
	return f
}

// evaluateAlone leaves aside how many tokens the owner has.
func (r *rule) evaluateAlone(q *question) findings {
	var f findings
	if !r.namespaces.contains(q.Namespace, q.NamespaceLabels) {
		f.misplace("it is not for namespace %q", q.Namespace)
		return f // and says nothing about who is in its groups
	}
	r.owners.check(q, &f)
	if r.create != nil {
		r.create.check(q, &f)
	}
	r.limits.check(q.Request, &f)
	return f
}
