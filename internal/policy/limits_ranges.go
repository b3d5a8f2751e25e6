// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/netip"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func (l *limits) checkRanges(r *Request, f *findings) {
	if len(l.sourceRanges) == 0 {
		return
	}
	if len(r.SourceRanges) == 0 {
		f.refuse("the token must declare spec.sourceRanges within %s", joinRanges(l.sourceRanges))
	}
	for _, wanted := range r.SourceRanges {
		if !grant.WithinRanges(wanted, l.sourceRanges) {
			f.refuse("source range %s is not within %s: change spec.sourceRanges", wanted, joinRanges(l.sourceRanges))
		}
	}
}

func joinRanges(list []netip.Prefix) string {
	parts := make([]string, len(list))
	for i, p := range list {
		parts[i] = p.String()
	}
	return strings.Join(parts, ", ")
}
