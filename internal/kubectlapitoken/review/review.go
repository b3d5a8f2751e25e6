// SPDX-License-Identifier: Apache-2.0

// Package review says what a TokenPolicy would say of a token, rule by rule, out of what is known where it is asked. It
// is pure, and it decides nothing by itself: internal/policy does, the code that the manager runs. What is not known
// makes an answer unknown only where another value of it would make another answer.
package review

import (
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// Facts are what an answer depends on.
type Facts struct {
	Policy *v1alpha1.TokenPolicy
	// Token as it would be declared, in its namespace.
	Token *v1alpha1.ApiToken
	// NamespaceLabels are those of the token's namespace; nil: not known.
	NamespaceLabels map[string]string
	// Requester is who declares the token; nil: not known.
	Requester *grant.Requester
	// Directory is what was read of Jira; nil: it could not be read, so nothing is known of members.
	Directory *directory.Snapshot
	// Older are the owner's other tokens, the oldest first; nil: there are none, or they can't be counted.
	Older []*policy.Request
	// Now is when the token would be declared.
	Now time.Time
}

// Answer is yes, no or unknown.
type Answer string

// The answers.
const (
	Yes     Answer = "yes"
	No      Answer = "no"
	Unknown Answer = "unknown"
)

// Review is what the policy says. Its form as JSON and YAML is for scripts.
type Review struct {
	// Policy is namespace/name.
	Policy string `json:"policy"`
	Token  Token  `json:"token"`
	// Answer says whether the policy permits the token; Approval whether it then still needs an approval.
	Answer   Answer `json:"answer"`
	Approval bool   `json:"approvalNeeded"`
	// Reason is one word: Permitted, or what the condition Ready of such an ApiToken would give as its reason.
	Reason string `json:"reason"`
	// Rule is the one that permits the token.
	Rule    string `json:"rule,omitempty"`
	Message string `json:"message"`
	Rules   []Rule `json:"rules"`
	// Notes say what was supposed, and what could not be taken into account.
	Notes []string `json:"notes,omitempty"`
	// Open is what would have to be known for each answer to be yes or no.
	Open Open `json:"-"`
}

// Open says what is not known and changes an answer.
type Open struct {
	// Labels of the token's namespace.
	Labels bool
	// Requester: who declares the token.
	Requester bool
	// Members of Jira's groups, and whether the owner is an active user.
	Members bool
}

// Token is what was asked about, with the policy's defaults.
type Token struct {
	Namespace    string     `json:"namespace"`
	Name         string     `json:"name,omitempty"`
	Owner        string     `json:"owner"`
	Scopes       []string   `json:"scopes"`
	ExpiresAt    *time.Time `json:"expiresAt,omitempty"`
	SourceRanges []string   `json:"sourceRanges,omitempty"`
	// Headers of each request must match these patterns.
	Headers   []v1alpha1.HeaderPattern `json:"headers,omitempty"`
	RateLimit *v1alpha1.RateLimit      `json:"rateLimit,omitempty"`
	// Requester is the Kubernetes user who declares it; empty: not known.
	Requester string `json:"requester,omitempty"`
}

// Rule is what one rule says.
type Rule struct {
	Name     string `json:"name"`
	Answer   Answer `json:"answer"`
	Approval bool   `json:"approvalNeeded"`
	// Why is what stands in the way, or what the answer depends on; none for yes.
	Why []string `json:"why,omitempty"`
}

// Of reviews a token. An error is ErrPolicy or ErrToken with the field that can't be used.
func Of(f *Facts) (*Review, error) {
	possible, err := f.judge(f.withSelectors(matchAll))
	if err != nil {
		return nil, err
	}
	certain, err := f.judge(f.withSelectors(matchNone))
	if err != nil {
		return nil, err
	}
	out := &Review{Policy: f.policyName(), Token: describe(f, possible.request), Rules: make([]Rule, len(possible.rules))}
	for i := range possible.rules {
		out.Rules[i] = f.rule(&certain.rules[i], &possible.rules[i])
	}
	out.Open = f.openness(out, certain, possible)
	f.conclude(out, &certain.decision, &possible.decision)
	return out, nil
}

func (f *Facts) policyName() string { return f.Policy.Namespace + "/" + f.Policy.Name }

func describe(f *Facts, r *policy.Request) Token {
	t := Token{
		Namespace: r.Namespace, Name: r.Name, Owner: r.Owner, Scopes: r.Scopes.Names(), ExpiresAt: r.ExpiresAt,
		Headers: f.Token.Spec.Headers, RateLimit: f.Token.Spec.RateLimit,
	}
	if t.RateLimit == nil && f.Policy.Spec.Defaults != nil {
		t.RateLimit = f.Policy.Spec.Defaults.RateLimit
	}
	for _, p := range r.SourceRanges {
		t.SourceRanges = append(t.SourceRanges, p.String())
	}
	if f.Requester != nil {
		t.Requester = f.Requester.User
	}
	return t
}
