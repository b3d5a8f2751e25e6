// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"slices"
	"strings"
)

// crossSite is atlassian-rest's XsrfResourceFilter. Two checks, enforced on POST alone (for PUT and DELETE Jira just
// logs): a body that an HTML form can send needs `X-Atlassian-Token: no-check` or the XSRF token, and what looks like a
// browser must name Jira's own origin.
func (c *call) crossSite() *reply {
	if c.r.Method != http.MethodPost || len(c.path) == 0 || c.path[0] != "rest" || c.isLogin() || c.isTokenRequest() {
		return nil
	}
	if c.looksLikeBrowser() && !c.sameOrigin() {
		return new(xsrfFailed())
	}
	formTypes := []string{"", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain"}
	if slices.Contains(formTypes, c.mediaType()) && !c.xsrfToken() {
		return new(xsrfFailed())
	}
	return nil
}

func xsrfFailed() reply {
	return reply{status: http.StatusForbidden, contentType: "text/plain;charset=UTF-8", raw: []byte("XSRF check failed")}
}

// xsrfToken accepts the header, in its deprecated spelling too, or a parameter equal to the cookie.
func (c *call) xsrfToken() bool {
	switch strings.ToLower(c.r.Header.Get("X-Atlassian-Token")) {
	case "no-check", "nocheck":
		return true
	}
	cookie, err := c.r.Cookie(xsrfCookie)
	return err == nil && cookie.Value != "" && equalSecrets(cookie.Value, c.params.Get("atl_token"))
}

// looksLikeBrowser goes by the families that Atlassian's UserAgentUtil knows. curl and HTTP libraries are none.
func (c *call) looksLikeBrowser() bool {
	agent := c.r.Header.Get("User-Agent")
	for _, family := range []string{"Firefox/", "Chrome/", "Safari/", "MSIE ", "Trident/", "Opera", "Edge/", "Gecko/"} {
		if strings.Contains(agent, family) {
			return true
		}
	}
	return false
}

// sameOrigin: Referer or Origin is Jira's own. A browser that sends neither is refused as well.
func (c *call) sameOrigin() bool {
	own := origin(c.s.base)
	for _, name := range []string{"Referer", "Origin"} {
		if value := c.r.Header.Get(name); value != "" && origin(value) == own {
			return true
		}
	}
	return false
}
