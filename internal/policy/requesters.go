// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	// systemPrefix begins the names that Kubernetes keeps for itself.
	systemPrefix = "system:"
	// serviceAccountPrefix begins the user names of ServiceAccounts; namespace:name follows.
	serviceAccountPrefix = systemPrefix + "serviceaccount:"
)

// requesters says which Jira user a Kubernetes user is.
type requesters struct {
	prefix, suffix string
	users          map[string]string // Jira's names by Kubernetes'
}

func compileRequesters(r *v1alpha1.Requesters) *requesters {
	if r == nil {
		return nil
	}
	compiled := &requesters{prefix: r.StripPrefix, suffix: r.StripSuffix, users: make(map[string]string, len(r.Users))}
	for _, u := range r.Users {
		compiled.users[u.Name] = string(u.JiraUser)
	}
	return compiled
}

// JiraName is a Kubernetes user's name in Jira, folded, by a policy's spec.requesters; ok is false if there is none.
func JiraName(r *v1alpha1.Requesters, user string) (name string, ok bool) {
	name, nameless := compileRequesters(r).jiraName(user)
	return name, nameless == ""
}

// jiraName is a Kubernetes user's name in Jira, folded; if there is none, nameless says why.
func (r *requesters) jiraName(user string) (name, nameless string) {
	switch {
	case r == nil:
		return "", "the policy has no spec.requesters"
	case strings.HasPrefix(user, systemPrefix): // first: nothing may make a person of a ServiceAccount
		return "", "names that begin with system: have none"
	}
	name, mapped := r.users[user]
	if !mapped {
		if name, nameless = r.strip(user); nameless != "" {
			return "", nameless
		}
	}
	if err := grant.CheckUserName(name); err != nil {
		return "", err.Error()
	}
	return grant.FoldUser(name), ""
}

func (r *requesters) strip(user string) (name, nameless string) {
	rest, ok := strings.CutPrefix(user, r.prefix)
	if !ok {
		return "", fmt.Sprintf("it lacks the prefix %q of the policy's spec.requesters", r.prefix)
	}
	if rest, ok = strings.CutSuffix(rest, r.suffix); !ok {
		return "", fmt.Sprintf("it lacks the suffix %q of the policy's spec.requesters", r.suffix)
	}
	return rest, ""
}
