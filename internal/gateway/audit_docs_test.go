// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestTheAuditPageIsComplete: docs/audit.md has every field once, in order, says of each whether it is always there, and
// its example is a line.
func TestTheAuditPageIsComplete(t *testing.T) {
	page, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	var documented, fields []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| ([^|]+) \\|").FindAllStringSubmatch(text, -1) {
		documented = append(documented, row[1]+" "+row[2])
	}
	optional := map[string]bool{}
	for field := range reflect.TypeFor[auditLine]().Fields() {
		if name, options, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			fields = append(fields, name)
			optional[name] = options == "omitempty"
		}
	}
	if len(documented) < len(fields) {
		t.Fatalf("%d fields, %d are documented", len(fields), len(documented))
	}
	for i, name := range fields {
		documentedName, present, _ := strings.Cut(documented[i], " ")
		if documentedName != name || (present == "always") == optional[name] {
			t.Errorf("field %d is %s (may be absent: %v), documented as %s", i, name, optional[name], documented[i])
		}
	}
	_, example, _ := strings.Cut(text, "```json\n")
	example, _, _ = strings.Cut(example, "\n```")
	var line auditLine
	decoder := json.NewDecoder(strings.NewReader(example))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&line); err != nil {
		t.Fatal(err)
	}
	if encoded, err := line.encode(); err != nil || string(encoded) != example {
		t.Errorf("the example is written as %s (%v)", encoded, err)
	}
	for _, bound := range []string{"512 bytes", "256 bytes", "128 bytes", "8,192", "1,024"} {
		if !strings.Contains(text, bound) {
			t.Errorf("the page does not say %s", bound)
		}
	}
}
