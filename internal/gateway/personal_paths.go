// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"slices"
	"strings"
)

func isRest(segments []string) bool {
	return len(segments) > 0 && strings.EqualFold(segments[0], "rest")
}

// isLogin finds what makes a session of a user name and a password. The paths are compared as a whole: what looks like
// one of them and is another must not be taken for a log-in, to which forms may send a password.
func isLogin(method string, segments []string) bool {
	switch {
	case matchesPath([]string{"rest", "auth", "*", "session"}, segments):
		return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
	case matchesPath([]string{"rest", "gadget", "*", "login"}, segments),
		matchesPath([]string{"rest", "tsv", "*", "authenticate"}, segments),
		matchesPath([]string{"login.jsp"}, segments),
		matchesPath([]string{"servicedesk", "customer", "user", "login"}, segments):
		return true
	}
	return false
}

// matchesPath compares without regard to case, and without the extension that Atlassian's REST module takes off.
func matchesPath(pattern, segments []string) bool {
	if len(pattern) != len(segments) {
		return false
	}
	for i, want := range pattern {
		segment := segments[i]
		if i > 0 && i == len(pattern)-1 {
			segment, _, _ = strings.Cut(segment, ".")
		}
		if want != "*" && !strings.EqualFold(segment, want) {
			return false
		}
	}
	return true
}

// isTunnel finds paths below /s/<anything>/_/, where Jira serves static files by their real path, with the REST API or a
// log-in as that path. Nobody needs them, and rules for /rest must not miss them.
func isTunnel(segments []string) bool {
	if len(segments) == 0 || !strings.EqualFold(segments[0], "s") {
		return false
	}
	read := readAgain(segments[1:])
	for i, segment := range read {
		if rest := read[i+1:]; segment == "_" && (isRest(rest) || isLogin(http.MethodPost, rest)) {
			return true
		}
	}
	return false
}

// readAgain reads decoded segments as a server may that forwards to them as a path: it decodes them once more, perhaps
// several times, and takes path parameters off.
func readAgain(segments []string) (out []string) {
	path := decodeFully(strings.Join(segments, "/"))
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		segment, _, _ = strings.Cut(segment, ";")
		if segment = strings.TrimFunc(segment, isSpaceOrControl); segment != "" {
			out = append(out, segment)
		}
	}
	return out
}

// isIncomingHook finds the calls of other programs that Jira's automation takes: the secret in the path is all that they
// have, so they pass without a credential.
func isIncomingHook(method string, segments []string) bool {
	return method == http.MethodPost && len(segments) == 5 && !holdsWebAction(segments) &&
		segments[0] == "rest" && segments[1] == "cb-automation" && segments[3] == "hooks"
}

// holdsWebAction: what ends in .jsp or .jspa is a page or an action of the web interface, wherever it stands.
func holdsWebAction(segments []string) bool {
	return slices.ContainsFunc(segments, func(segment string) bool {
		return strings.Contains(strings.ToLower(segment), ".jsp")
	})
}
