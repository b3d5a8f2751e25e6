// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"net/textproto"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// ParseHeaders compiles header patterns.
func ParseHeaders(in []v1alpha1.HeaderPattern) ([]grant.HeaderPattern, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]grant.HeaderPattern, 0, len(in))
	for _, p := range in {
		out = append(out, grant.HeaderPattern{Name: textproto.CanonicalMIMEHeaderKey(p.Name), Pattern: p.Pattern})
	}
	return out, grant.CheckHeaderPatterns(out)
}

func (l *limits) checkHeaders(r *Request, f *findings) {
	if l.headersRequired && len(r.Headers) == 0 {
		f.refuse("the token must say what its requests' headers are like: set spec.headers, such as " +
			"[{name: User-Agent, pattern: \"Zapier*\"}]")
	}
}
