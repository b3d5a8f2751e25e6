// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// TestTrailOfTheRealManager: what the manager prints tells of the policy, of who declared a token, and of what became of it;
// it holds no token and no hash.
func TestTrailOfTheRealManager(t *testing.T) {
	needsPrometheus(t) // and with it, the programs
	var text string
	find := func(event audittrail.Event, matches func(*audittrail.Entry) bool) {
		eventually(t, fmt.Sprintf("the trail has a line of %s", event), func() error {
			log, err := os.ReadFile(local.Manager.Log())
			must(t, err)
			text = ""
			found := false
			for line := range strings.Lines(string(log)) {
				if !strings.Contains(line, `","event":"`) || !strings.HasSuffix(line, "\n") {
					continue // the program's log is in the same file here
				}
				text += line
				var e audittrail.Entry
				must(t, json.Unmarshal([]byte(line), &e))
				found = found || e.Event == event && matches(&e)
			}
			if !found {
				return fmt.Errorf("%s", text)
			}
			return nil
		})
	}
	find(audittrail.Policy, func(e *audittrail.Entry) bool {
		return e.Policy == "jira-gateway/jira" && strings.HasPrefix(e.SpecDigest, "sha256:") && e.FieldManager != ""
	})
	find(audittrail.Declared, func(e *audittrail.Entry) bool {
		return e.APIToken == "marketing/ci" && e.Operation == "create" && e.User != "" && e.Outcome == "admitted"
	})
	find(audittrail.Decision, func(e *audittrail.Entry) bool {
		return e.APIToken == "marketing/ci" && e.Outcome == audittrail.OutcomePermitted && e.Rule == "developers" && e.TokenID != "" && e.RequestedBy != ""
	})
	find(audittrail.Decision, func(e *audittrail.Entry) bool {
		return e.APIToken == "marketing/stranger" && e.Outcome == audittrail.OutcomeRefused
	})
	find(audittrail.Credential, func(e *audittrail.Entry) bool {
		return e.APIToken == "marketing/lost" && e.Reason == "Reissued" && len(e.Ended) == 1
	})
	if strings.Contains(text, "jat_") || strings.Contains(text, "marketing/trial") { // the latter is tried in dry runs alone
		t.Errorf("a token or a dry run is in the trail: %s", text)
	}
}
