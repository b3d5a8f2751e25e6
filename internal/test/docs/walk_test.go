// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// notRun are the command blocks that are not run here, by how they begin: why, and where else they are.
var notRun = map[string]string{
	"make demo\n":      "both are stages of .ci/run of their own",
	"make image-push ": "there is no registry: make test-image builds the image, looks into it and pushes it to one",
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
	for _, b := range p.blocks(w.T) {
		if len(sections) > 0 && !slices.Contains(sections, b.section) {
			continue
		}
		if file := b.file(); b.language == "yaml" && file != "" {
			must(w.T, os.WriteFile(filepath.Join(w.folder, file), []byte(w.here.Replace(b.text)), 0o600))
		}
		if b.language == "json" && !strings.Contains(last, strings.TrimSpace(b.text)) {
			w.Errorf("%s:%d: the page shows another answer than %s", b.page, b.line, last)
		}
		if b.language != "sh" {
			continue
		}
		if why, listed := begins(&b, notRun); listed {
			w.Logf("%s:%d is not run: %s", b.page, b.line, why)
			skipped++
			continue
		}
		ran[b.section]++
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

func what(b *block) string {
	switch {
	case strings.Contains(b.text, "curl") && strings.Contains(b.text, "/myself"):
		return "curl"
	case strings.Contains(b.text, "kubectl get apitokens"):
		return "kubectl get apitokens"
	}
	return b.text
}
