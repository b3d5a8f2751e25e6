// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
)

// verdict is what is said of a token, and the exit code.
type verdict struct {
	code int
	says string
}

func verdictf(code int, format string, args ...any) *verdict {
	return &verdict{code: code, says: fmt.Sprintf(format, args...)}
}

// needsScope is how the gateway begins to say that it knows the token, and that its scopes are too few.
const needsScope = "needs the scope"

// judge says what an answer means for the token.
func judge(s *subject, a *answer) *verdict {
	said := strings.Join(a.says, "; ")
	told := ""
	if said != "" {
		told = ": " + said
	}
	switch {
	case a.status == http.StatusOK && a.user != "":
		return judgeUser(s, a)
	case a.status == http.StatusUnauthorized && !asksForToken(a):
		return verdictf(exit.Refused, "401: that was not the gateway. Does %s lead past it to Jira%s", s.url,
			question(told))
	case a.status == http.StatusUnauthorized:
		return verdictf(exit.Refused, "401: the token is not accepted%s", told)
	case a.status == http.StatusForbidden && strings.Contains(said, needsScope):
		return verdictf(exit.OK, "403: the token works, and has not the scope read:user that this request needs%s", told)
	case a.status == http.StatusForbidden:
		return verdictf(exit.Refused, "403: the token is known, and may not be used like this%s", told)
	case a.status == http.StatusTooManyRequests:
		return verdictf(exit.Refused, "429: the token is known, and its limit is reached%s; try again in %s", told, retryAfter(a))
	case a.status == http.StatusBadGateway:
		return verdictf(exit.Incomplete, "502: the gateway knows the token, and got no good answer from Jira%s. Its administrator "+
			"finds more in the policy's condition ImpersonationVerified and in the gateway's log", told)
	case a.status == http.StatusServiceUnavailable:
		return verdictf(exit.Incomplete, "503: the gateway is not ready, or has too much to do%s; try again in %s", told, retryAfter(a))
	case a.status == http.StatusGatewayTimeout:
		return verdictf(exit.Incomplete, "504: the gateway knows the token, and Jira did not answer in time%s", told)
	case a.status == http.StatusNotFound:
		return verdictf(exit.Incomplete, "404: nothing is there%s. Is Jira's context path (such as /jira) in %s right?", told, s.url)
	case a.status >= 300 && a.status < 400:
		return verdictf(exit.Incomplete, "%d: redirected to %s, where the token was not sent. Is %s the gateway's URL, with https and "+
			"Jira's context path?", a.status, a.header.Get("Location"), s.url)
	}
	return verdictf(exit.Incomplete, "%d %s%s: that is no answer of Jira's to this question; is %s the gateway's URL?", a.status,
		http.StatusText(a.status), told, s.url)
}

// asksForToken tells the gateway's 401 from Jira's, which asks for OAuth, and from a proxy's.
func asksForToken(a *answer) bool {
	return slices.ContainsFunc(a.header.Values("WWW-Authenticate"), func(challenge string) bool {
		return strings.HasPrefix(challenge, "Bearer ")
	})
}

// question ends a question that something was said after.
func question(told string) string {
	if told == "" {
		return "?"
	}
	return "? It said" + told
}

func judgeUser(s *subject, a *answer) *verdict {
	if s.owner == "" {
		return verdictf(exit.OK, "200 in %s: it works, as Jira user %s", a.latency.Round(time.Millisecond), a.user)
	}
	if !grant.SameUser(s.owner, a.user) {
		return verdictf(exit.Refused, "200, and Jira takes it for user %s instead of %s: do not use it, and tell the policy's "+
			"administrator", a.user, s.owner)
	}
	return verdictf(exit.OK, "200 in %s: it works, as its owner %s", a.latency.Round(time.Millisecond), a.user)
}

func retryAfter(a *answer) string {
	if after := a.header.Get("Retry-After"); after != "" {
		return after + " s"
	}
	return "a moment"
}
