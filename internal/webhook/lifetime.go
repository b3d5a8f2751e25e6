// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

const (
	// soon is what is left of a lifetime that was hardly meant: issuing takes seconds, and reading a mounted Secret minutes.
	soon = 10 * time.Minute
	// long is a lifetime that nobody will remember the reason of.
	long = 366 * 24 * time.Hour
)

// Lifetime is how long a token would work.
type Lifetime struct {
	// DeclaredAt is when its expiry was declared: now, unless this request leaves it as it is.
	DeclaredAt time.Time
	// ExpiresAt is its end; nil: it has none.
	ExpiresAt *time.Time
}

// lifetimeWarnings say what is odd about the lifetime of a token that is declared or changed, each within maxWarning bytes.
// old is nil at its creation. It is no matter of what the policy permits: that is refused.
func lifetimeWarnings(spec, old *v1alpha1.ApiTokenSpec, l *Lifetime, now time.Time) (out []string) {
	if l == nil {
		return nil
	}
	if warning := expiryWarning(spec, old, l, now); warning != "" {
		out = append(out, warning)
	}
	if warning := rotationWarning(spec, l, now); warning != "" {
		out = append(out, warning)
	}
	return out
}

func expiryWarning(spec, old *v1alpha1.ApiTokenSpec, l *Lifetime, now time.Time) string {
	if l.ExpiresAt == nil {
		return "spec.lifetime and spec.expiresAt are not set, nor is a default in the policy: this token never expires. " +
			"Set a lifetime such as spec.lifetime: 720h (30 days), and renew the token when it is expiring."
	}
	field, remedy := expiryField(spec)
	at, left := l.ExpiresAt.UTC().Format(time.RFC3339), l.ExpiresAt.Sub(now)
	switch {
	case left <= 0 && old != nil && sameExpiry(spec, old):
		return fmt.Sprintf("%s is left as it is, and the token expired at %s: it stays refused. To renew it, %s.", field, at, remedy)
	case left <= 0:
		return fmt.Sprintf("%s lies in the past: the token expired at %s, and is refused from the start. To have it work, %s.",
			field, at, remedy)
	case left < soon:
		return fmt.Sprintf("%s ends the token at %s, in %s: too soon for most workloads to have read it. To have it work longer, %s.",
			field, at, policy.FormatDuration(left), remedy)
	case left > long:
		return fmt.Sprintf("%s ends the token at %s, in more than a year: if it leaks it is of use until then. Prefer 2160h (90 days) "+
			"or less, and renew the token when it is expiring.", field, at)
	}
	return ""
}

// expiryField names where the expiry comes from, and what moves it.
func expiryField(spec *v1alpha1.ApiTokenSpec) (field, remedy string) {
	switch {
	case spec.ExpiresAt != nil:
		return "spec.expiresAt", "set a later spec.expiresAt"
	case spec.Lifetime != "":
		return "spec.lifetime: " + string(spec.Lifetime), "set another spec.lifetime, which counts from then"
	}
	return "The policy's spec.defaults.lifetime", "set spec.lifetime or spec.expiresAt"
}

func sameExpiry(a, b *v1alpha1.ApiTokenSpec) bool {
	return a.ExpiresAt.Equal(b.ExpiresAt) && a.Lifetime == b.Lifetime
}

// rotationWarning is about a rotation that never comes. The jitter takes up to a tenth off its time.
func rotationWarning(spec *v1alpha1.ApiTokenSpec, l *Lifetime, now time.Time) string {
	if spec.Rotation == nil || l.ExpiresAt == nil {
		return ""
	}
	every, err := spec.Rotation.Every.Duration()
	lifetime := l.ExpiresAt.Sub(l.DeclaredAt)
	if err != nil || lifetime <= 0 || every < lifetime || !now.Before(*l.ExpiresAt) {
		return ""
	}
	return fmt.Sprintf("spec.rotation.every: %s is not less than the token's lifetime of %s: it expires before it is ever "+
		"replaced. Set a shorter every, or a longer lifetime.", spec.Rotation.Every, policy.FormatDuration(lifetime))
}
