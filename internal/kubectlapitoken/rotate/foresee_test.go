// SPDX-License-Identifier: Apache-2.0

package rotate

import (
	"strings"
	"testing"
)

// TestRefusal: no rule permits it, as internal/policy says that.
func TestRefusal(t *testing.T) {
	for text, refused := range map[string]bool{
		"no rule of policy jira-gateway/jira permits this token. Rule a: it permits no token that was made elsewhere.": true,
		"policy jira-gateway/jira has no rules, so it permits no token":                                                true, "the token lives longer than others": false,
	} {
		if have := refusal(strings.SplitAfter(text, ". ")); (have != "") != refused {
			t.Errorf("%s: %q", text, have)
		}
	}
}
