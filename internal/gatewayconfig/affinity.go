// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"fmt"
	"regexp"
	"strings"
)

// maxAffinityCookies bounds what a gateway keeps of each token.
const maxAffinityCookies = 4

var (
	affinityCookie = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	// secretParts are in the names of cookies that are a session, a log-in or a secret. The API refuses the same.
	secretParts = []string{
		"session", "seraph", "crowd", "xsrf", "csrf", "token", "remember", "auth", "login", "saml", "sso", "studio",
	}
)

// validateAffinity refuses cookies that are more than a load balancer's choice of a node: kept by the gateway, a session would
// make requests somebody's without the proof of each.
func validateAffinity(cookies []string) error {
	if len(cookies) > maxAffinityCookies {
		return fmt.Errorf("gateway configuration has %d affinity cookies; there can be %d", len(cookies), maxAffinityCookies)
	}
	for _, name := range cookies {
		if !affinityCookie.MatchString(name) {
			return fmt.Errorf("gateway configuration has the affinity cookie %q, which is no cookie's name", name)
		}
		for _, part := range secretParts {
			if strings.Contains(strings.ToLower(name), part) {
				return fmt.Errorf("gateway configuration has the affinity cookie %q, which is, by its name, a session or a secret", name)
			}
		}
	}
	return nil
}
