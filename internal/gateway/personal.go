// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/netip"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// personalClass is a class of personal credentials, as the policy names them: for metrics and the audit log, too.
type personalClass string

const (
	classBasic      personalClass = "basic"
	classJiraToken  personalClass = "jiraToken"
	classOAuth      personalClass = "oauth"
	classSession    personalClass = gatewayconfig.ClassSession
	classLogin      personalClass = "login"
	classParameters personalClass = "parameters"
	classAnonymous  personalClass = "anonymous"
	// classOther is what no policy can allow.
	classOther personalClass = "other"
)

func classOf(kind credentialKind) personalClass {
	switch kind {
	case noCredential:
		return classAnonymous
	case basicCredential:
		return classBasic
	case bearerCredential:
		return classJiraToken
	case oauthCredential:
		return classOAuth
	case sessionCredential:
		return classSession
	case parameterCredential:
		return classParameters
	case gatewayToken, trustedAppCredential, otherCredential:
	}
	return classOther
}

// classRule is what happens to one class; the zero value denies and enforces.
type classRule struct {
	allow, browserOnly, audit bool
}

// personalPolicy is the policy's personalCredentials.
type personalPolicy struct {
	frontDoor bool
	rules     map[personalClass]classRule
	exempt    []exemption
	origins   []string // of Jira's own pages, in lower case
}

// newPersonalPolicy returns nil where the policy says nothing: then nothing personal passes.
func newPersonalPolicy(cfg *gatewayconfig.Config) *personalPolicy {
	if cfg.Personal == nil {
		return nil
	}
	p := &personalPolicy{
		frontDoor: cfg.FrontDoor, rules: map[personalClass]classRule{},
		origins: []string{originOf(cfg.Jira.PublicURL), originOf(cfg.Jira.BaseURL)},
	}
	for _, class := range cfg.Personal.Classes {
		p.rules[personalClass(class.Class)] = classRule{
			allow: class.Action == gatewayconfig.ActionAllow, browserOnly: class.Action == gatewayconfig.ActionBrowserOnly,
			audit: class.Audit,
		}
	}
	for i := range cfg.Personal.Exempt {
		p.exempt = append(p.exempt, newExemption(&cfg.Personal.Exempt[i]))
	}
	return p
}

// The outcomes of a request with a personal credential, for the metric.
const (
	outcomeAllowed = "allowed"
	outcomeExempt  = "exempt"
	outcomeAudit   = "audit"
	outcomeRefused = "refused"
)

// personalVerdict is what is decided about such a request; the zero value: it is none.
type personalVerdict struct {
	class   personalClass
	outcome string
	// refusal is what was or, in Audit and for exemptions, would have been answered; nil: the policy allows it.
	refusal *Refusal
}

func (v *personalVerdict) passes() bool { return v.outcome != outcomeRefused }

// needsNoSession tells whether clients send such a credential with every request, or, of the REST API, will send one once
// they are asked.
func (v *personalVerdict) needsNoSession(segments []string) bool {
	switch v.class {
	case classBasic, classJiraToken, classOAuth:
		return true
	case classAnonymous:
		return isRest(segments)
	case classParameters, classSession, classLogin, classOther:
	}
	return false
}

// personalRequest is what the decision looks at.
type personalRequest struct {
	method   string
	rawQuery string
	segments []string
	header   http.Header // the client's
	address  netip.Addr
	kind     credentialKind
	user     string // beside a password
	now      time.Time
}
