// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Expiry says when a token expires, given when its expiry fields were declared; nil: never. defaults may be nil. An error
// names the field.
func Expiry(spec *v1alpha1.ApiTokenSpec, defaults *v1alpha1.TokenDefaults, declaredAt time.Time) (*time.Time, error) {
	lifetime, field := spec.Lifetime, "spec.lifetime"
	switch {
	case spec.ExpiresAt != nil:
		t := spec.ExpiresAt.UTC()
		return &t, nil
	case lifetime == "" && defaults != nil:
		lifetime, field = defaults.Lifetime, "the policy's spec.defaults.lifetime"
	}
	if lifetime == "" {
		return nil, nil //nolint:nilnil // no expiry is a result, not an error
	}
	d, err := lifetime.Duration()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	t := declaredAt.Add(d).UTC()
	return &t, nil
}
