// SPDX-License-Identifier: Apache-2.0

// Package policy decides whether a TokenPolicy permits an ApiToken. It is pure: no I/O, no clock, no state. Rules only
// permit; they are additive and without order, and never fill in values, so removing a rule, narrowing a limit or
// leaving a group can't permit more.
package policy

import (
	"fmt"
	"net/netip"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// Policy is a TokenPolicy made ready for many evaluations. It is immutable.
type Policy struct {
	namespace, name   string
	allowedNamespaces namespaceSet
	onlyOwner         string // folded; empty: any owner
	deny              deny
	rules             []rule
}

type rule struct {
	name         string
	namespaces   namespaceSet
	users        map[string]bool // folded
	groups       []string
	members      []map[string]bool // of groups; folded; nil: the group is not declared
	scopes       scope.Set
	maxLifetime  time.Duration // 0: none
	sourceRanges []netip.Prefix
}

type deny struct {
	owners, namespaces, tokens map[string]bool
}

type namespaceSet struct {
	names    map[string]bool
	selector labels.Selector // nil: names count
}

// Compile makes a TokenPolicy ready for evaluation. It fails on what the API server's schema can't check or did not;
// then the policy must permit nothing.
func Compile(p *v1alpha1.TokenPolicy) (*Policy, error) {
	allowed, err := compileNamespaces(&p.Spec.AllowedNamespaces)
	if err != nil {
		return nil, fmt.Errorf("spec.allowedNamespaces: %w", err)
	}
	compiled := &Policy{namespace: p.Namespace, name: p.Name, allowedNamespaces: allowed, deny: compileDeny(p.Spec.Deny)}
	if account := p.Spec.Impersonation.ServiceAccount; account != nil {
		compiled.onlyOwner = grant.FoldUser(string(account.Username))
	}
	groups := make(map[string]map[string]bool, len(p.Spec.JiraGroups))
	for _, g := range p.Spec.JiraGroups {
		groups[grant.FoldUser(string(g.Name))] = foldedSet(g.Members)
	}
	for i := range p.Spec.Rules {
		r, err := compileRule(&p.Spec.Rules[i], groups)
		if err != nil {
			return nil, fmt.Errorf("spec.rules[%d] (%s): %w", i, p.Spec.Rules[i].Name, err)
		}
		compiled.rules = append(compiled.rules, r)
	}
	return compiled, nil
}

func compileRule(r *v1alpha1.Rule, groups map[string]map[string]bool) (rule, error) {
	namespaces, err := compileNamespaces(&r.Namespaces)
	if err != nil {
		return rule{}, fmt.Errorf("namespaces: %w", err)
	}
	scopes, err := ParseScopes(r.Limits.Scopes)
	if err != nil {
		return rule{}, fmt.Errorf("limits.scopes: %w", err)
	}
	ranges, err := ParseRanges(r.Limits.SourceRanges)
	if err != nil {
		return rule{}, fmt.Errorf("limits.sourceRanges: %w", err)
	}
	out := rule{name: r.Name, namespaces: namespaces, users: foldedSet(r.Owners.Users), scopes: scopes, sourceRanges: ranges}
	if r.Limits.MaxLifetime != "" {
		if out.maxLifetime, err = r.Limits.MaxLifetime.Duration(); err != nil {
			return rule{}, fmt.Errorf("limits.maxLifetime: %w", err)
		}
	}
	for _, name := range r.Owners.Groups {
		out.groups = append(out.groups, string(name))
		out.members = append(out.members, groups[grant.FoldUser(string(name))])
	}
	return out, nil
}

func compileDeny(d *v1alpha1.Deny) deny {
	if d == nil {
		return deny{}
	}
	return deny{owners: foldedSet(d.Owners), namespaces: foldedSet(d.Namespaces), tokens: foldedSet(d.Tokens)}
}

func compileNamespaces(set *v1alpha1.NamespaceSet) (namespaceSet, error) {
	if set.Selector == nil {
		return namespaceSet{names: foldedSet(set.Names)}, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Selector)
	if err != nil {
		return namespaceSet{}, fmt.Errorf("selector: %w", err)
	}
	return namespaceSet{selector: selector}, nil
}

// remedy says how a namespace gets into the set.
func (s namespaceSet) remedy(namespace string) string {
	if s.selector != nil {
		return fmt.Sprintf("label namespace %q so that it matches %q", namespace, s.selector)
	}
	return fmt.Sprintf("add %q to names", namespace)
}

func (s namespaceSet) contains(name string, set labels.Set) bool {
	if s.selector != nil {
		return s.selector.Matches(set)
	}
	return s.names[name]
}

func foldedSet[S ~string](list []S) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, s := range list {
		set[grant.FoldUser(string(s))] = true
	}
	return set
}
