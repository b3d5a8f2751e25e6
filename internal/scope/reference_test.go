// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"net/http"
	"slices"
)

// formerly is the classification before there were finer scopes: lists of rules, tried one by one. It is what the
// catalogue must never be looser than, and what the tries are to be compared with.
func formerly(method string, segments []string, rawQuery string) Operation {
	gets := method == http.MethodGet || method == http.MethodHead
	reads := gets || method == http.MethodOptions
	if isWebAction(segments) {
		return Operation{Access: Outside, Name: "a page or an action of the web interface (.jsp, .jspa)"}
	}
	if len(segments) == 0 || segments[0] != "rest" {
		return formerlyPage(reads, segments)
	}
	if gets && readableSession.exactly(segments) {
		return Operation{Need: Read, Name: "the current session"}
	}
	if restricted, found := formerlyRestricted(reads, segments); found {
		return restricted
	}
	switch {
	case reads && updatesHistory(rawQuery):
		return Operation{Need: Write, Name: "read with updateHistory"}
	case reads, method == http.MethodPost && anyOf(readingPosts, segments):
		return Operation{Need: Read, Name: "read"}
	default:
		return Operation{Need: Write, Name: "change"}
	}
}

func formerlyRestricted(reads bool, segments []string) (Operation, bool) {
	for i := range neverReachable {
		if neverReachable[i].restricts(reads, segments) {
			return Operation{Access: Never, Name: neverReachable[i].name}, true
		}
	}
	if looksAtRest := reads && len(segments) == 1; !looksAtRest && !anyOf(formerPlain, segments) {
		return Operation{Need: Admin, Name: unknownModule}, true
	}
	for i := range adminOnly {
		if adminOnly[i].restricts(reads, segments) {
			return Operation{Need: Admin, Name: adminOnly[i].name}, true
		}
	}
	return Operation{}, false
}

func formerlyPage(reads bool, segments []string) Operation {
	if reads && anyOf(pages, segments) {
		return Operation{Need: Read, Name: "attachments and views"}
	}
	return Operation{Access: Outside, Name: "outside the REST API"}
}

func anyOf(rules []rule, segments []string) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.exactly(segments) })
}

// restricts tells whether a restriction applies, doubts included.
func (r *rule) restricts(reads bool, segments []string) bool {
	if r.changesOnly && reads || !r.fits(segments) {
		return false
	}
	for i := len(r.segments) - 1; i >= 0; i-- { // from the end: the beginnings are all alike
		want, segment := &r.segments[i], segments[i]
		if want.matchesFold(segment) {
			continue
		}
		if i == len(segments)-1 && want.matchesFoldBefore(segment, ";.") || want.matchesFoldBefore(segment, ";") {
			continue
		}
		return false
	}
	return true
}

// readingPosts are POSTs that change nothing.
var readingPosts = []rule{
	always("search", "rest/api/*/search"),
	always("worklogs", "rest/api/*/worklog/list"),
	always("licence check", "rest/api/*/licenseValidator"),
	always("password policy", "rest/api/*/password/policy/createUser"),
	always("password policy", "rest/api/*/password/policy/updateUser"),
	always("Assets search", "rest/insight/*/object/navlist/iql"),
	always("Assets search", "rest/assets/*/object/navlist/iql"),
	always("Assets search", "rest/assets/*/object/navlist/aql"),
}

// pages are what scripts fetch outside /rest.
var pages = []rule{
	always("attachment", "secure/attachment/**"),
	always("thumbnail", "secure/thumbnail/**"),
	always("avatar", "secure/useravatar"),
	always("avatar", "secure/projectavatar"),
	always("search as XML or a sheet", "sr/jira.issueviews:*/**"),
	always("issue as XML or a document", "si/*/**"),
}

var formerPlain = func() []rule {
	rules := make([]rule, len(plain))
	for i, pattern := range plain {
		rules[i] = always("", pattern)
	}
	return rules
}()
