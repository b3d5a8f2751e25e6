// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"strings"
	"testing"
)

// TestTroubleshootingIsComplete: docs/troubleshooting.md has every reason of a condition, every refusal of the gateway and
// every message of the webhook, in the words in which a reader meets them.
func TestTroubleshootingIsComplete(t *testing.T) {
	p := readPage(t, "docs/troubleshooting.md")
	text := strings.Join(strings.Fields(strings.Join(p.Lines, " ")), " ") // a message may be broken into lines
	row := func(start string) bool { return strings.Contains("\n"+strings.Join(p.Lines, "\n"), "\n| "+start) }

	reasons := readSource(t, "api/v1alpha1").values("Reason")
	for _, reason := range reasons {
		if !row("`" + reason + "` |") {
			t.Errorf("no row for the condition's reason `%s`", reason)
		}
	}
	gateway := readSource(t, "internal/gateway")
	refusals := gateway.messages(map[string]int{
		"refuse": 2, "impersonationFailure": 0, "malformedToken": 0,
	})
	for _, message := range refusals {
		if !strings.Contains(text, "`"+message+"`") {
			t.Errorf("the gateway's refusal is missing: `%s`", message)
		}
	}
	audit := readPage(t, "docs/audit.md")
	for _, reason := range gateway.values("reason") {
		if !strings.Contains(text, "`"+reason+"`") && !strings.Contains(strings.Join(audit.Lines, "\n"), "`"+reason+"`") {
			t.Errorf("the gateway's reason `%s` is nowhere", reason)
		}
	}
	webhook := readSource(t, "internal/webhook")
	said := webhook.messages(map[string]int{"warned": 0, "Denied": 0})
	for _, name := range []string{"undecided", "errForged", "errCanNotStamp"} {
		said = append(said, webhook.constants[name])
	}
	for _, message := range said {
		if message == "" || !strings.Contains(text, "`"+message+"`") {
			t.Errorf("the webhook's message is missing: `%s`", message)
		}
	}
	if len(reasons) < 50 || len(refusals) < 50 || len(said) < 6 {
		t.Errorf("%d reasons, %d refusals and %d messages of the webhook were found", len(reasons), len(refusals), len(said))
	}
}
