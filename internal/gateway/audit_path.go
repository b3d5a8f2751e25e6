// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"regexp"
	"strings"
)

// secretPaths are the paths that end with a secret: whoever has such a link needs nothing else. What follows the segment
// `marker` is redacted where `family` stands anywhere before it. That is coarse on
// purpose: it must work on paths that were refused for being written in an odd way as well.
var secretPaths = []struct{ family, marker, what string }{
	{"automation", "hooks", "incoming webhooks of automation rules: /rest/cb-automation/latest/hooks/<secret>"},
	{"calendar", "private", "private calendar feeds: /rest/calendar-services/1.0/calendar/export/subcalendar/private/<secret>.ics"},
	{"rest", "ical", "calendar feeds of apps: /rest/ical/1.0/<secret>"},
	{"secure", "resetpassword", "links to set a new password: /secure/ResetPassword!default.jspa"},
	{"secure", "signup", "invitations: /secure/Signup!default.jspa"},
	{"servicedesk", "resetpassword", "the same, of the service portal"},
	{"servicedesk", "forgotpassword", "likewise"},
	{"servicedesk", "signup", "likewise"},
	{"servicedesk", "invite", "likewise"},
	{"servicedesk", "unsubscribe", "links in mails that work without a log-in"},
}

const redacted = "[redacted]"

var (
	// sessionInPath is how servlets take a session that is not in a cookie.
	sessionInPath = regexp.MustCompile(`(?i)(jsessionid)[^/?]*`)
	// signedToken is a JWT, as apps and the service portal have them in links.
	signedToken = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`)
)

// auditPath is the path as it was sent, without what must not be kept. It works on paths that were refused as well.
func auditPath(raw string) string {
	path := redactTokens(raw)
	// A whole URL, or what CONNECT names: user:password@ can stand before its host.
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		if at := strings.LastIndexByte(path, '@'); at >= 0 {
			path = redacted + path[at:]
		}
	}
	decoded := decodeFully(path)
	if end := endOfMarker(decoded); end >= 0 {
		path = decoded[:end] + redacted
	}
	if strings.Contains(strings.ToLower(decoded), "jsessionid") {
		path = sessionInPath.ReplaceAllString(decodeFully(path), "${1}="+redacted)
	}
	return bounded(redactSigned(path), maxAuditPath)
}

func redactSigned(text string) string {
	if !strings.Contains(text, "eyJ") {
		return text
	}
	return signedToken.ReplaceAllLiteralString(text, redacted)
}

// endOfMarker finds where the secret of a path begins; -1: it has none.
func endOfMarker(path string) int {
	lower := strings.ToLower(path)
	if len(lower) != len(path) { // some letters change their length: then the positions are those of another text
		lower = path
	}
	for start := 0; start < len(lower); {
		end := start + strings.IndexAny(lower[start:], `/\`)
		if end < start {
			return -1
		}
		name, _, _ := strings.Cut(lower[start:end], ";")
		name, _, _ = strings.Cut(name, "!")
		for i := range secretPaths {
			if name == secretPaths[i].marker && strings.Contains(lower[:start], secretPaths[i].family) && end+1 < len(lower) {
				return end + 1
			}
		}
		start = end + 1
	}
	return -1
}
