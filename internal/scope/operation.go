// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"net/http"
	"strings"
)

// Access says whether a token can reach an operation at all.
type Access uint8

// The kinds of access.
const (
	// Scoped: a token with the scopes of Operation.Need reaches it.
	Scoped Access = iota
	// Never: no token reaches it, because it mints or changes credentials.
	Never
	// Outside: it is not part of what tokens are for, such as the pages of Jira's web interface.
	Outside
)

// Operation is what a request asks of Jira, as far as scopes are concerned.
type Operation struct {
	// Access says whether a token can reach it at all.
	Access Access
	// Need is the set of scopes that a token must have.
	Need Set
	// Name says what it is, for people and logs: "users and groups", "read".
	Name string
}

// Classify finds the operation of a request. The segments are those below Jira's context path, percent-decoded once, and
// without the empty one that a trailing slash makes; rawQuery is the query as it was sent.
//
// A REST module that the catalogue does not know needs the scope admin, whatever the method: read and write are for the
// modules that are known to be safe with them, and those have exceptions. Pages and actions of the web interface (.jsp,
// .jspa) are outside wherever they stand.
//
// What is restricted is compared without regard to case, with and without an extension such as .json on the last
// segment (Atlassian's REST module takes it off), for every version; what is eased is compared exactly. So a doubt
// always ends at the stricter answer.
func Classify(method string, segments []string, rawQuery string) Operation {
	gets := method == http.MethodGet || method == http.MethodHead
	reads := gets || method == http.MethodOptions
	if isWebAction(segments) {
		return Operation{Access: Outside, Name: "a page or an action of the web interface (.jsp, .jspa)"}
	}
	if len(segments) == 0 || segments[0] != "rest" {
		return classifyPage(reads, segments)
	}
	if gets && readableSession.exactly(segments) {
		return Operation{Need: Read, Name: "the current session"}
	}
	if restricted, found := classifyRestricted(reads, segments); found {
		return restricted
	}
	switch {
	case reads && updatesHistory(rawQuery):
		return Operation{Need: Write, Name: "read with updateHistory"}
	case reads, method == http.MethodPost && anyExactly(readingPosts, segments):
		return Operation{Need: Read, Name: "read"}
	default:
		return Operation{Need: Write, Name: "change"}
	}
}

const unknownModule = "an app's REST module, or a part of one, that is not known to be safe for read and write"

func classifyRestricted(reads bool, segments []string) (Operation, bool) {
	for i := range neverReachable {
		if neverReachable[i].restricts(reads, segments) {
			return Operation{Access: Never, Name: neverReachable[i].name}, true
		}
	}
	if looksAtRest := reads && len(segments) == 1; !looksAtRest && !anyExactly(plain, segments) {
		return Operation{Need: Admin, Name: unknownModule}, true
	}
	for i := range adminOnly {
		if adminOnly[i].restricts(reads, segments) {
			return Operation{Need: Admin, Name: adminOnly[i].name}, true
		}
	}
	return Operation{}, false
}

// classifyPage judges what is outside /rest: attachments, avatars and XML views, to be read.
func classifyPage(reads bool, segments []string) Operation {
	if reads && anyExactly(pages, segments) {
		return Operation{Need: Read, Name: "attachments and views"}
	}
	return Operation{Access: Outside, Name: "outside the REST API"}
}

// updatesHistory finds the parameter that makes the GET of an issue write into the user's history. The name is decoded
// as Tomcat decodes it; any of several values counts, and only a plain "false" is none.
func updatesHistory(rawQuery string) bool {
	if len(rawQuery) < len("updateHistory") {
		return false
	}
	for pair := range strings.SplitSeq(rawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if len(name) < len("updateHistory") {
			continue
		}
		if strings.EqualFold(decode(name), "updateHistory") && value != "false" {
			return true
		}
	}
	return false
}
