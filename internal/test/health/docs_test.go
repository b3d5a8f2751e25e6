// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of docs/gitops.md")

const (
	conceptsPage = "../../../docs/concepts.md"
	gitOpsPage   = "../../../docs/gitops.md"
	tableBegins  = "<!-- written by go test ./internal/test/health -update -->\n"
	tableEnds    = "<!-- end of what is written -->\n"
)

// checkConcepts: each row of the table of states is tested with each of its reasons, and is as the test found.
func checkConcepts(t *testing.T, states []tokenState) {
	t.Helper()
	documented := map[string][]string{} // cells, by state and reason
	for _, cells := range tableAfter(t, conceptsPage, "\n## States\n") {
		for reason := range strings.SplitSeq(cells[1], ", ") {
			documented[cells[0]+": "+reason] = cells
		}
	}
	for _, s := range states {
		key := s.state + ": " + s.reason
		cells := documented[key]
		if cells == nil {
			t.Errorf("%s has no row for %s", conceptsPage, key)
			continue
		}
		for i, want := range map[int]string{2: printed(s.active), 3: printed(s.ready), 4: s.also} {
			if !strings.Contains(cells[i], want) || (want == "" && cells[i] != "") {
				t.Errorf("%s: %s says %q, and it is %q", conceptsPage, key, cells[i], want)
			}
		}
		delete(documented, key)
	}
	for key := range documented {
		t.Errorf("%s has a row that is not tested: %s", conceptsPage, key)
	}
}

func printed(yes bool) string {
	if yes {
		return "True"
	}
	return "False"
}

// tableAfter reads the cells of the first table behind a text, without its head.
func tableAfter(t *testing.T, file, behind string) (rows [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	_, rest, ok := strings.Cut(string(text), behind)
	if !ok {
		t.Fatalf("%s has no %q", file, behind)
	}
	_, rest, _ = strings.Cut(rest, "\n|---")
	for line := range strings.SplitSeq(rest, "\n") {
		if cells := strings.Split(strings.Trim(line, "|"), "|"); strings.HasPrefix(line, "| ") {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		} else if len(rows) > 0 {
			break
		}
	}
	return rows
}

// checkGitOpsPage: the table of docs/gitops.md is what the tools made of the objects.
func checkGitOpsPage(t *testing.T, table []row) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| Kind | State | Reason | Ready | kstatus | Flux, `healthCheckExprs` | Argo CD |\n|---|---|---|---|---|---|---|\n")
	for _, group := range grouped(table) {
		r := group[0]
		reasons := make([]string, 0, len(group))
		for _, one := range group {
			reasons = append(reasons, one.reason)
		}
		ready := printed(r.ready)
		if r.kind == "TokenApproval" {
			ready = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.kind, r.state, strings.Join(reasons, ", "), ready,
			r.kstatus, r.flux, r.argo)
	}
	text, err := os.ReadFile(gitOpsPage)
	must(t, err)
	before, rest, ok := strings.Cut(string(text), tableBegins)
	have, after, alsoOK := strings.Cut(rest, tableEnds)
	if !ok || !alsoOK {
		t.Fatalf("%s has no place for the table", gitOpsPage)
	}
	if *update {
		must(t, os.WriteFile(gitOpsPage, []byte(before+tableBegins+b.String()+tableEnds+after), 0o644))
		return
	}
	if have != b.String() {
		t.Errorf("%s is not up to date: run this test with -update. It should have:\n%s", gitOpsPage, b.String())
	}
}

// grouped puts the reasons of one state together that are judged alike.
func grouped(table []row) (out [][]row) {
	for _, r := range table {
		same := func(group []row) bool {
			g := group[0]
			return g.kind == r.kind && g.state == r.state && g.ready == r.ready && g.judgement == r.judgement
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i] = append(out[i], r)
			continue
		}
		out = append(out, []row{r})
	}
	return out
}
