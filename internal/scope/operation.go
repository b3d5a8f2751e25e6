// SPDX-License-Identifier: Apache-2.0

package scope

import "strings"

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
	// Unlisted: neither the catalogue nor the policy knows it, and the policy says that no token reaches such.
	Unlisted
)

// Operation is what a request asks of Jira, as far as scopes are concerned.
type Operation struct {
	// Access says whether a token can reach it at all.
	Access Access
	// Need is the narrowest scope that does. What covers it does as well.
	Need Set
	// Name says what it is, for people and logs: "users and groups", "read".
	Name string
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
