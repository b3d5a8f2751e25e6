// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
)

// TestTrailFromAfterTheRestore says nothing of what ended before it: that must not look like nothing ended.
func TestTrailFromAfterTheRestore(t *testing.T) {
	newest := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		first string
		doubt bool
	}{
		"it begins before the newest ApiToken": {"2026-11-29T11:59:59.000Z", false},
		"it begins after it":                   {"2026-11-29T12:00:01.000Z", true},
	} {
		var out bytes.Buffer
		c := &command{Command: act.New(nil, genericiooptions.IOStreams{ErrOut: &out}, clock.RealClock{}, "revoked")}
		c.doubt(&history{first: tc.first}, newest)
		if got := c.rest > 0 && strings.Contains(out.String(), "older lines"); got != tc.doubt {
			t.Errorf("%s: %d, %q", name, c.rest, out.String())
		}
	}
}
