// SPDX-License-Identifier: Apache-2.0

// Package policy decides whether a TokenPolicy permits an ApiToken. It is pure: no I/O, no clock, no state. Rules only
// permit; they are additive and without order, and never fill in values, so removing a rule, narrowing a limit or
// leaving a group can't permit more. What is not known is neither permitted nor refused: it has to become known first.
//
// Two things are exceptions by their nature: whoever leaves a privileged group is an owner like others again, and a
// place under maxTokensPerOwner that one token loses falls to the next.
package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Policy is a TokenPolicy made ready for many evaluations. It is immutable.
type Policy struct {
	namespace, name   string
	allowedNamespaces namespaceSet
	onlyOwner         string // folded; empty: any owner
	deny              deny
	// revokeIssuedBefore ends what was issued before; the zero time: nothing.
	revokeIssuedBefore time.Time
	jira               *knowledge  // nil: spec.directory is not set
	requesters         *requesters // nil: nobody has a Jira name
	privileged         []*group
	rules              []rule // by their names
}

// Compile makes a TokenPolicy ready for evaluation, with what was read of its Jira (nil: nothing was). It fails on what
// the API server's schema can't check or did not; then the policy must permit nothing.
func Compile(p *v1alpha1.TokenPolicy, dir *directory.Snapshot) (*Policy, error) {
	allowed, err := compileNamespaces(&p.Spec.AllowedNamespaces)
	if err != nil {
		return nil, fmt.Errorf("spec.allowedNamespaces: %w", err)
	}
	compiled := &Policy{
		namespace: p.Namespace, name: p.Name, allowedNamespaces: allowed, deny: compileDeny(p.Spec.Deny),
		requesters: compileRequesters(p.Spec.Requesters),
	}
	if before := p.Spec.RevokeIssuedBefore; before != nil {
		compiled.revokeIssuedBefore = before.Time
	}
	if account := p.Spec.Impersonation.ServiceAccount; account != nil {
		compiled.onlyOwner = grant.FoldUser(string(account.Username))
	}
	if compiled.jira, err = compileKnowledge(p.Spec.Directory, dir); err != nil {
		return nil, fmt.Errorf("spec.directory: %w", err)
	}
	groups, err := compileGroups(p.Spec.JiraGroups, compiled.jira)
	if err != nil {
		return nil, err
	}
	compiled.privileged = compilePrivileged(p.Spec.PrivilegedGroups, groups, compiled.jira)
	for i := range p.Spec.Rules {
		r, err := compileRule(&p.Spec.Rules[i], groups)
		if err != nil {
			return nil, fmt.Errorf("spec.rules[%d] (%s): %w", i, p.Spec.Rules[i].Name, err)
		}
		compiled.rules = append(compiled.rules, r)
	}
	slices.SortStableFunc(compiled.rules, func(a, b rule) int { return strings.Compare(a.name, b.name) })
	return compiled, nil
}

// String is namespace/name of the policy.
func (p *Policy) String() string { return p.namespace + "/" + p.name }

func foldedSet[S ~string](list []S) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[grant.FoldUser(string(s))] = true
	}
	return set
}
