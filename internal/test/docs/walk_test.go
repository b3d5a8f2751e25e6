// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/test/page"
)

// notRun are the command blocks that are not run here, by how they begin: why, and where else they are.
var notRun = map[string]string{
	"make demo\n":       "both are stages of .ci/run of their own",
	"kubectl wait pod ": "there is no kubelet: the stories on a node have pods that call Jira",
	"make image-push ":  "there is no registry: make test-image builds the image, looks into it and pushes it to one",
}

func TestReadme(t *testing.T) {
	w := newWorldWithHelm(t)
	printed := w.walk("README.md")
	w.expectAnswer(printed["curl"])
}

func TestQuickStart(t *testing.T) {
	w := newWorldWithHelm(t)
	printed := w.walk("docs/quickstart.md")
	w.expectAnswer(printed["curl"])
	if row := printed["kubectl get apitokens"]; !strings.Contains(row, "Issued") {
		t.Errorf("kubectl get apitokens: %s", row)
	}
}

// expectAnswer: it is alice's, by Jira's word.
func (w *world) expectAnswer(body string) {
	w.Helper()
	if !strings.Contains(body, `"name":"alice"`) {
		w.Errorf("Jira was called as somebody else than alice: %s", body)
	}
}

// walk does what a page says, in order, or some of its sections: it saves the files, and runs the commands. It returns what was
// printed, by what is called in the block. A block of JSON is what the command before it has answered.
func (w *world) walk(name string, sections ...string) (printed map[string]string) {
	w.Helper()
	must(w.T, os.WriteFile(filepath.Join(w.folder, "alice.pat"), []byte(w.jira.AddPAT("alice")), 0o600))
	p := readPage(w.T, name)
	printed = map[string]string{}
	ran, skipped, last := map[string]int{}, 0, ""
	for _, b := range blocksOf(w.T, p) {
		if len(sections) > 0 && !slices.Contains(sections, b.Section) {
			continue
		}
		if file := b.File(); b.Language == "yaml" && file != "" {
			must(w.T, os.WriteFile(filepath.Join(w.folder, file), []byte(w.here.Replace(b.Text)), 0o600))
		}
		if b.Language == "json" && !strings.Contains(last, strings.TrimSpace(b.Text)) {
			w.Errorf("%s:%d: the page shows another answer than %s", b.Page, b.Line, last)
		}
		if b.Language != "sh" {
			continue
		}
		if why, listed := begins(&b, notRun); listed {
			w.Logf("%s:%d is not run: %s", b.Page, b.Line, why)
			skipped++
			continue
		}
		ran[b.Section]++
		last = w.shell.run(&b)
		printed[what(&b)] = last
	}
	if len(sections) == 0 && (len(ran) == 0 || skipped == 0) {
		w.Errorf("%s: blocks of %d sections were run, and %d not", name, len(ran), skipped)
	}
	for _, section := range sections {
		if ran[section] == 0 {
			w.Errorf("%s: no block of %q was run", name, section)
		}
	}
	return printed
}

func what(b *page.Block) string {
	switch {
	case strings.Contains(b.Text, "curl") && strings.Contains(b.Text, "/myself"):
		return "curl"
	case strings.Contains(b.Text, "kubectl get apitokens"):
		return "kubectl get apitokens"
	}
	return b.Text
}
