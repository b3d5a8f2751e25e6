// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// parseLifetime gives 0 for none.
func parseLifetime(l v1alpha1.Lifetime) (time.Duration, error) {
	if l == "" {
		return 0, nil
	}
	return l.Duration()
}

func (l *limits) checkLifetime(r *Request, f *findings) {
	if r.ExpiresAt == nil {
		switch {
		case l.maxLifetime > 0:
			f.refuse("the token must expire: set spec.lifetime to at most %s", FormatDuration(l.maxLifetime))
		case l.mustExpire:
			f.refuse("the token must expire: set spec.lifetime or spec.expiresAt")
		}
		return
	}
	lifetime := r.ExpiresAt.Sub(r.DeclaredAt)
	switch {
	case l.maxLifetime > 0 && lifetime > l.maxLifetime:
		f.refuse("the token expires %s after its declaration, its limit is %s: set spec.lifetime to at most %[2]s, or an earlier "+
			"spec.expiresAt", FormatDuration(lifetime), FormatDuration(l.maxLifetime))
	case l.minLifetime > 0 && lifetime < l.minLifetime:
		f.refuse("the token expires %s after its declaration, the least is %s: set spec.lifetime to at least %[2]s, or a later "+
			"spec.expiresAt", FormatDuration(lifetime), FormatDuration(l.minLifetime))
	}
}

// FormatDuration writes a duration as the API takes it: 720h rather than 720h0m0s.
func FormatDuration(d time.Duration) string {
	s := d.Round(time.Second).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
