// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

var hostileFiles = []string{"headers.yaml", "paths.yaml", "framing.yaml", "credentials.yaml", "reach.yaml"}

const enough = 300 // cases of each kind

// tableFile, if set, is where the table of all cases goes; make test-hostile prints it.
var tableFile = os.Getenv("HOSTILE_TABLE")

// TestHostile: nothing of it reaches Jira but what the case says, and that as the token's owner.
func TestHostile(t *testing.T) {
	runCorpus(t, "hostile", nil, hostileFiles...)
}

// TestHonest: all of it reaches Jira, byte for byte.
func TestHonest(t *testing.T) {
	runCorpus(t, "honest", []string{"{{sent}}"}, "honest.yaml")
}

// runCorpus sends all cases of the files, prints the table and fails for each surprise.
func runCorpus(t *testing.T, kind string, jira []string, files ...string) {
	t.Helper()
	w := newWorld(t)
	var table strings.Builder
	count, surprises := 0, 0
	for _, file := range files {
		for _, c := range load(t, file) {
			count++
			c.withDefaults(jira)
			c = c.replace(w.words...)
			want, got := w.run(t, &c, fmt.Sprintf("case-%d", count))
			verdict := "ok"
			if !same(&want, &got) {
				verdict = "SURPRISE"
				surprises++
				t.Errorf("%s\n  sent %s\n  want %s\n  got  %s", c.Name, w.shown(c.bytes()), w.shown(want.String()), w.shown(got.String()))
			}
			fmt.Fprintf(&table, "%-8s  %s\n    sent      %s\n    expected  %s\n    got       %s\n",
				verdict, c.Name, w.shown(c.bytes()), w.shown(want.String()), w.shown(got.String()))
		}
	}
	surprises += w.checkLate(t)
	fmt.Fprintf(&table, "%s: %d cases, %d surprises\n", kind, count, surprises)
	t.Logf("%s: %d cases, %d surprises", kind, count, surprises)
	if count < enough {
		t.Errorf("%d %s cases, at least %d are wanted", count, kind, enough)
	}
	w.checkLogs(t)
	writeTable(t, table.String())
}

// shown makes bytes fit for a line of the table.
func (w *world) shown(text string) string {
	for i := 0; i < len(w.words); i += 2 {
		text = strings.ReplaceAll(text, w.words[i+1], w.words[i])
	}
	text = strings.ReplaceAll(text, "Host: jira-api.example\r\nConnection: close\r\n", "")
	text = strings.Trim(fmt.Sprintf("%q", text), `"`)
	const most = 230
	if len(text) > most {
		return fmt.Sprintf("%s… (%d bytes)", text[:most], len(text))
	}
	return text
}

func (w *world) checkLogs(t *testing.T) {
	t.Helper()
	written := w.Written()
	for _, secret := range w.secrets {
		if strings.Contains(written, secret) {
			t.Errorf("a log holds a token: …%s…", secret[:8])
		}
	}
	for owner, pat := range w.pats {
		if strings.Contains(written, pat) {
			t.Errorf("a log holds the token of Jira of %s", owner)
		}
	}
}

func writeTable(t *testing.T, table string) {
	t.Helper()
	if tableFile == "" {
		return
	}
	f, err := os.OpenFile(tableFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(table); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
