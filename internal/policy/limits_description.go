// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"regexp"
)

// compileDescription makes a pattern match whole descriptions only. It is compiled by itself first: what closes the
// group around it and opens another would match parts.
func compileDescription(pattern string) (*regexp.Regexp, error) {
	if pattern == "" {
		return nil, nil //nolint:nilnil // no pattern is a result, not an error
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return nil, fmt.Errorf("must be a regular expression (RE2): %w", err)
	}
	whole, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("must be a regular expression (RE2): %w", err)
	}
	return whole, nil
}

func (l *limits) checkDescription(r *Request, f *findings) {
	if l.description != nil && !l.description.MatchString(r.Description) {
		f.refuse("spec.description must match the regular expression '%s' as a whole", l.descriptionPattern)
	}
}
