// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// neverReturned are headers of Jira's answer that are not for a token's holder: sessions, and what is about the
// connection between gateway and Jira.
var neverReturned = []string{
	"Set-Cookie", "Set-Cookie2", "Clear-Site-Data", "Alt-Svc", "Connection", "Keep-Alive", "Proxy-Authenticate",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Www-Authenticate",
}

// anonymousUser is what Jira calls callers without a name, so an owner of that name could not be told from nobody.
const anonymousUser = "anonymous"

// checkResponse is step 8's proof that Jira took the request for the owner's. Only what Jira itself says counts: an
// answer that does not say whom it took the caller for is not handed on.
func checkResponse(s *Settings, status int, header http.Header, owner string, now time.Time) *Refusal {
	switch {
	case status < http.StatusOK:
		return impersonationFailure("Jira answered with a switch of protocols, which nobody asked for")
	case status == http.StatusUnauthorized:
		return credentialRefused(s, owner, now)
	case isLoginRedirect(status, header):
		return impersonationFailure("Jira sent the request to its login page: the token's owner has no permission for " +
			"this, or Jira refused the gateway's credential for the owner. The token itself is fine")
	}
	names := header["X-Ausername"]
	if len(names) == 0 {
		return unattributed(s, status, header)
	}
	for _, name := range names {
		decoded, err := url.QueryUnescape(name)
		if err != nil || !grant.SameUser(decoded, owner) || grant.SameUser(decoded, anonymousUser) {
			return impersonationFailure("Jira took the request for someone else's than the token's owner. The token " +
				"itself is fine; an administrator must look at the gateway's impersonation")
		}
	}
	return nil
}

func credentialRefused(s *Settings, owner string, now time.Time) *Refusal {
	if ended := s.identitySecrets.expired(owner, now); !ended.IsZero() {
		return impersonationFailure("the Jira token of the token's owner " + strconv.Quote(owner) +
			", which the gateway uses, expired on " + ended.Format(time.RFC3339) + ". The token itself is fine; the owner must " +
			"make a new one in Jira, for an administrator to put into its Secret")
	}
	return impersonationFailure("Jira refused the gateway's credential for the token's owner " + strconv.Quote(owner) +
		". The token itself is fine; an administrator must look at the gateway's impersonation")
}

// unattributed: Tomcat or a proxy before Jira answered. Errors keep their status; everything else could be anything.
func unattributed(s *Settings, status int, header http.Header) *Refusal {
	if status < http.StatusBadRequest {
		return impersonationFailure("Jira did not say whom it took the request for (X-AUSERNAME), so its answer is kept back")
	}
	message := "Jira answered " + strconv.Itoa(status) + " before it looked at the user"
	if status == http.StatusBadRequest || status == http.StatusRequestURITooLong ||
		status == http.StatusRequestHeaderFieldsTooLarge {
		message += "; was the request too long for it (often 8 KiB with all headers)? POST long JQL to " +
			s.contextPath + "/rest/api/2/search"
	}
	refusal := refuse(status, reasonUpstream, message)
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		refusal.RetryAfter = seconds
	}
	if status == http.StatusTooManyRequests {
		refusal.Rate = readRateStatus(header)
	}
	return refusal
}

func impersonationFailure(message string) *Refusal {
	return refuse(http.StatusBadGateway, reasonIdentity, message)
}

// isLoginRedirect finds the redirects that become an HTML page of status 200 for naive clients.
func isLoginRedirect(status int, header http.Header) bool {
	if status < http.StatusMultipleChoices || status >= http.StatusBadRequest {
		return false
	}
	location, _, _ := strings.Cut(strings.ToLower(header.Get("Location")), "?")
	return strings.HasSuffix(location, "/login.jsp") || strings.HasSuffix(location, "/login")
}

// rewriteResponse makes an answer of Jira's fit for a token's holder.
func rewriteResponse(s *Settings, header http.Header) {
	for _, name := range neverReturned {
		delete(header, name)
	}
	rewriteLocations(s, header)
}

func rewriteLocations(s *Settings, header http.Header) {
	for _, name := range [...]string{"Location", "Content-Location"} {
		for i, value := range header[name] {
			header[name][i] = s.publicAddress(value)
		}
	}
}

// publicAddress replaces Jira's base URL at the beginning of an address by the one that clients use.
func (s *Settings) publicAddress(address string) string {
	if len(address) < len(s.baseURL) || !strings.EqualFold(address[:len(s.baseURL)], s.baseURL) {
		return address
	}
	rest := address[len(s.baseURL):]
	if rest != "" && !strings.ContainsRune("/?#", rune(rest[0])) {
		return address
	}
	return s.publicURL + rest
}
