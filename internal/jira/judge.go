// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// maxRetryAfter bounds what Jira, or something that answers for it, can ask for.
const maxRetryAfter = time.Hour

// judge tells by an answer's head whether its body counts: only those of 200 and 404 do.
func (c *Client) judge(response *http.Response) error {
	switch status := response.StatusCode; {
	case status == http.StatusOK, status == http.StatusNotFound:
		return c.checkIdentity(response.Header)
	case status >= 300 && status < 400:
		return redirected(response)
	case status == http.StatusUnauthorized:
		return &RefusedError{
			Why: "Jira did not accept the credential (status 401" + detail(response.Header) + ")", Everywhere: true,
		}
	case status == http.StatusForbidden:
		if known := detail(response.Header); known != "" {
			return &RefusedError{Why: "Jira did not accept the credential (status 403" + known + ")", Everywhere: true}
		}
		return &RefusedError{
			Why: "Jira did not let the credential's user see this (status 403); reading groups takes a Jira administrator",
		}
	case status == http.StatusTooManyRequests:
		return &UnavailableError{
			Why: "Jira asks for fewer requests (status 429)", Everywhere: true, RetryAfter: retryAfter(response.Header),
		}
	default:
		return &UnavailableError{
			Why: fmt.Sprintf("Jira answered with status %d", status), RetryAfter: retryAfter(response.Header),
		}
	}
}

// checkIdentity makes sure of whom Jira took the request for: a credential that it does not know can be as good as none,
// and what an anonymous user is shown is not the truth.
func (c *Client) checkIdentity(header http.Header) error {
	encoded := header.Get("X-AUSERNAME")
	if encoded == "" {
		return &UnavailableError{Why: "the answer is not Jira's: it lacks the header X-AUSERNAME"}
	}
	name, err := url.QueryUnescape(encoded)
	if err != nil {
		return &UnavailableError{Why: "the answer is not Jira's: its header X-AUSERNAME can't be read"}
	}
	wanted := c.credential.user()
	switch {
	case wanted != "" && grant.SameUser(name, wanted):
		return nil
	case strings.EqualFold(name, "anonymous"):
		return &RefusedError{Why: "Jira took the request for an anonymous one: it does not know the credential", Everywhere: true}
	case wanted != "":
		return &RefusedError{
			Why: fmt.Sprintf("Jira took the request for user %q rather than %q", quoted(name), wanted), Everywhere: true,
		}
	}
	return nil
}

// redirected: Jira and what stands before it send those whom they do not know to a page where they can log in.
func redirected(response *http.Response) error {
	to, err := response.Location()
	if err == nil && leadsToLogin(to) {
		return &RefusedError{
			Why:        fmt.Sprintf("Jira did not accept the credential (status %d to its login page)", response.StatusCode),
			Everywhere: true,
		}
	}
	return &UnavailableError{Why: fmt.Sprintf(
		"Jira sends to another address (status %d): set spec.jira.url to where it answers itself", response.StatusCode)}
}

func leadsToLogin(to *url.URL) bool {
	path := strings.ToLower(to.Path)
	return strings.Contains(path, "login") || strings.Contains(path, "saml") || to.Query().Has("os_destination")
}

var oauthProblem = regexp.MustCompile(`oauth_problem="([a-z_]{1,40})"`)

// detail is what Jira says in headers about a refusal, as far as it is one of its fixed words.
func detail(header http.Header) string {
	if strings.HasPrefix(header.Get("X-Authentication-Denied-Reason"), "CAPTCHA_CHALLENGE") {
		return "; it wants a CAPTCHA: log in once in a browser as that user"
	}
	if found := oauthProblem.FindStringSubmatch(header.Get("WWW-Authenticate")); found != nil {
		return "; OAuth: " + found[1]
	}
	return ""
}

// retryAfter reads the header Retry-After in seconds, as Jira sends it.
func retryAfter(header http.Header) time.Duration {
	seconds, err := strconv.Atoi(header.Get("Retry-After"))
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(min(seconds, int(maxRetryAfter/time.Second)))*time.Second, maxRetryAfter)
}
