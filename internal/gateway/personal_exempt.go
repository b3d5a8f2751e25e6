// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// exemption lets through what meets all that it says.
type exemption struct {
	paths  [][]string
	ranges []netip.Prefix
	users  map[string]bool // folded; nil: any
	until  time.Time       // zero: it does not end
}

func newExemption(cfg *gatewayconfig.Exemption) exemption {
	e := exemption{ranges: unmapped(cfg.SourceRanges)}
	for _, path := range cfg.Paths {
		e.paths = append(e.paths, strings.Split(strings.TrimPrefix(path, "/"), "/"))
	}
	if len(cfg.Users) > 0 {
		e.users = map[string]bool{}
	}
	for _, user := range cfg.Users {
		e.users[grant.FoldUser(user)] = true
	}
	if cfg.Until != nil {
		e.until = *cfg.Until
	}
	return e
}

// isExempt looks for an exemption, the policy's own or that of incoming hooks, which call Jira by its base URL.
func (p *personalPolicy) isExempt(q *personalRequest, class personalClass) bool {
	if p.frontDoor && class == classAnonymous && isIncomingHook(q.method, q.segments) {
		return true
	}
	return slices.ContainsFunc(p.exempt, func(e exemption) bool { return e.covers(q) })
}

func (e *exemption) covers(q *personalRequest) bool {
	switch {
	case !e.until.IsZero() && !q.now.Before(e.until):
		return false
	case len(e.ranges) > 0 && (!q.address.IsValid() || !isTrusted(e.ranges, q.address)):
		return false
	case e.users != nil && (q.kind != basicCredential || !e.users[grant.FoldUser(q.user)]):
		return false
	case len(e.paths) > 0 && !slices.ContainsFunc(e.paths, func(pattern []string) bool { return covers(pattern, q.segments) }):
		return false
	}
	return true
}

// covers matches a path's decoded segments. A wildcard never stands for a page or an action of the web interface: Jira
// looks for those at the end of any path.
func covers(pattern, segments []string) bool {
	for i, want := range pattern {
		switch {
		case want == "**":
			return !holdsWebAction(segments[i:])
		case i >= len(segments):
			return false
		case want == "*" && !holdsWebAction(segments[i:i+1]), want == segments[i]:
		default:
			return false
		}
	}
	return len(pattern) == len(segments)
}
