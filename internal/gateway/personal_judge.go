// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// judge decides about a request with a personal credential of one kind, or none. It looks at nothing but the policy, the
// head of the request and the kind.
func (p *personalPolicy) judge(q *personalRequest) personalVerdict {
	verdict := personalVerdict{class: classOf(q.kind), outcome: outcomeRefused}
	login := isLogin(q.method, q.segments)
	if login && (q.kind == noCredential || q.kind == sessionCredential) {
		verdict.class = classLogin
	}
	switch {
	case verdict.class == classOther:
		verdict.refusal = refuse(http.StatusUnauthorized, reasonNoToken, noTokenMessage(q.kind))
		return verdict
	case isTunnel(q.segments):
		verdict.refusal = refuse(http.StatusForbidden, reasonPath, "personal credentials reach Jira's REST API and its "+
			"log-in by their own paths only, not below /s/…/_/")
		return verdict
	}
	verdict.outcome, verdict.refusal = p.judgeClasses(q, verdict.class, login)
	if verdict.passes() && !p.frontDoor && !login && q.outside() {
		verdict.outcome = outcomeRefused
		verdict.refusal = refuse(http.StatusForbidden, reasonNotRest, "this gateway stands beside Jira (placement SideDoor): "+
			"it passes Jira's REST API (/rest/…), attachments, avatars and issue views; call Jira itself for the rest")
	}
	return verdict
}

// judgeClasses asks the rule of the class, and that of log-ins too where one comes with another credential.
func (p *personalPolicy) judgeClasses(q *personalRequest, class personalClass, login bool) (string, *Refusal) {
	outcome, refusal := p.judgeClass(q, class)
	if login && class != classLogin && outcome != outcomeRefused {
		if more, why := p.judgeClass(q, classLogin); more != outcomeAllowed {
			outcome, refusal = more, why
		}
	}
	if outcome != outcomeAllowed && p.isExempt(q, class) {
		return outcomeExempt, refusal
	}
	return outcome, refusal
}

func (p *personalPolicy) judgeClass(q *personalRequest, class personalClass) (string, *Refusal) {
	refusal := p.check(q, class)
	switch {
	case refusal == nil:
		return outcomeAllowed, nil
	case p.rules[class].audit:
		return outcomeAudit, refusal
	default:
		return outcomeRefused, refusal
	}
}

func (p *personalPolicy) check(q *personalRequest, class personalClass) *Refusal {
	rule := p.rules[class]
	switch class {
	case classSession:
		return p.checkSession(q, rule)
	case classLogin:
		return p.checkLogin(q, rule)
	case classBasic, classJiraToken, classOAuth, classParameters, classAnonymous, classOther:
	}
	if rule.allow {
		return nil
	}
	return refuse(http.StatusUnauthorized, reasonNoToken, deniedMessages[class]+howToSend)
}

var deniedMessages = map[personalClass]string{
	classBasic:      "passwords are not accepted here; ",
	classJiraToken:  "Jira's own tokens (Bearer) are not accepted here; ",
	classOAuth:      "OAuth is not accepted here; ",
	classParameters: "os_username and os_password are not accepted here; ",
	classAnonymous:  "",
}

// checkSession: before Jira, its pages are for sessions. Everything else that a session reaches is for the rule to say.
func (p *personalPolicy) checkSession(q *personalRequest, rule classRule) *Refusal {
	switch {
	case rule.allow, p.frontDoor && !isRest(q.segments):
		return nil
	case !rule.browserOnly:
		return refuse(http.StatusUnauthorized, reasonNoToken, "sessions are not accepted here; "+howToSend)
	case !p.madeByPage(q.method, q.header):
		return notByPage("a session")
	}
	return nil
}

// checkLogin: a log-in below /rest serves Jira's own pages, and is the first thing that scripts with a password call. So
// it is for browsers unless sessions are for everybody.
func (p *personalPolicy) checkLogin(q *personalRequest, rule classRule) *Refusal {
	switch {
	case !rule.allow:
		return refuse(http.StatusForbidden, reasonLogin, "logging in with a password is not possible here; "+howToSend)
	case !isRest(q.segments), p.rules[classSession].allow, p.madeByPage(q.method, q.header):
		return nil
	}
	return notByPage("this log-in")
}

func notByPage(what string) *Refusal {
	return refuse(http.StatusForbidden, reasonNotBrowser, what+" is for Jira's own pages in a browser; in scripts, "+howToSend)
}

// outside tells whether no token would reach this either.
func (q *personalRequest) outside() bool {
	return scope.Classify(q.method, q.segments, q.rawQuery).Access == scope.Outside
}
