// SPDX-License-Identifier: Apache-2.0

package audittrail

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheAuditPageIsComplete: docs/audit.md has every field and every event once, and its examples are lines.
func TestTheAuditPageIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n## The manager's audit trail\n")
	if !found {
		t.Fatal("docs/audit.md has no section on the trail")
	}
	var documented, want []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(text, -1) {
		for _, name := range regexp.MustCompile("`([\\w-]+)`").FindAllStringSubmatch(row[1], -1) {
			documented = append(documented, name[1])
		}
	}
	for field := range reflect.TypeFor[Entry]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		want = append(want, name)
	}
	for _, e := range []Event{Declared, Approval, Decision, Credential, Revoked, Policy, PolicyDeleted, Notice} {
		want = append(want, string(e))
	}
	want = append(want, "event") // the head of its table
	slices.Sort(documented)
	slices.Sort(want)
	if !slices.Equal(documented, want) {
		t.Errorf("documented are\n%s, there are\n%s", documented, want)
	}
	for _, outcome := range []string{OutcomePermitted, OutcomeRefused, OutcomeWaiting, OutcomeSuspended, OutcomeExpired} {
		if !strings.Contains(text, "`"+outcome+"`") {
			t.Errorf("the page does not tell of %s", outcome)
		}
	}
	_, examples, _ := strings.Cut(text, "```json\n")
	examples, _, _ = strings.Cut(examples, "\n```")
	for example := range strings.SplitSeq(examples, "\n") {
		var e Entry
		decoder := json.NewDecoder(strings.NewReader(example))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if line, err := json.Marshal(e); err != nil || string(line) != example {
			t.Errorf("the example is written as %s (%v)", line, err)
		}
	}
}
