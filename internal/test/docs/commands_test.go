// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
)

// TestCommandsParse: bash reads every block of commands without an error, also those that are not run.
func TestCommandsParse(t *testing.T) {
	checked := 0
	for _, p := range pages(t) {
		for _, b := range blocksOf(t, p) {
			if b.Language != "sh" {
				continue
			}
			checked++
			bash := exec.CommandContext(t.Context(), "bash", "-n")
			bash.Stdin = strings.NewReader(regexp.MustCompile(`<[a-z ]+>`).ReplaceAllString(b.Text, "x"))
			if out, err := bash.CombinedOutput(); err != nil {
				t.Errorf("%s:%d: %v: %s", b.Page, b.Line, err, out)
			}
		}
	}
	if checked < 40 {
		t.Errorf("%d blocks were found", checked)
	}
}

var pluginCalled = regexp.MustCompile("kubectl apitoken ([a-z-]+(?: [^`|;&#\\n]*)?)")

// TestPluginCommandsExist: what the pages call of the kubectl plugin is there, and so are the flags.
func TestPluginCommandsExist(t *testing.T) {
	checked := 0
	for _, p := range pages(t) {
		text := strings.ReplaceAll(strings.Join(p.Lines, "\n"), "\\\n", " ")
		for _, found := range pluginCalled.FindAllStringSubmatch(text, -1) {
			words := strings.Fields(found[1])
			command, rest, err := kubectlapitoken.NewCommand(genericiooptions.NewTestIOStreamsDiscard(), clock.RealClock{}).Find(words)
			if err != nil || !command.HasParent() {
				t.Errorf("%s: kubectl apitoken %s: there is no such command", p.Name, found[1])
				continue
			}
			checked++
			for _, word := range rest {
				name, isFlag := strings.CutPrefix(word, "--")
				name, _, _ = strings.Cut(strings.TrimRight(name, ".,:)"), "=")
				if isFlag && name != "" && command.Flag(name) == nil && command.InheritedFlags().Lookup(name) == nil {
					t.Errorf("%s: kubectl apitoken %s has no --%s", p.Name, command.Name(), name)
				}
			}
		}
	}
	if checked < 60 {
		t.Errorf("%d calls were found", checked)
	}
}

var makeCalled = regexp.MustCompile("`make ((?:[a-z-]+[ `])+)")

// TestTargetsExist: what the pages make is in the Makefile.
func TestTargetsExist(t *testing.T) {
	makefile, checked := string(read(t, "Makefile")), 0
	for _, p := range pages(t) {
		called := strings.Join(prose(p), "\n")
		for _, b := range blocksOf(t, p) {
			if b.Language == "sh" {
				called += "`" + strings.ReplaceAll(b.Text, "\n", "`\n`")
			}
		}
		for _, found := range makeCalled.FindAllStringSubmatch(called, -1) {
			for target := range strings.FieldsSeq(strings.Trim(found[1], "`")) {
				checked++
				if !strings.Contains(makefile, "\n"+target+":") {
					t.Errorf("%s: the Makefile has no target %s", p.Name, target)
				}
			}
		}
	}
	if checked < 15 {
		t.Errorf("%d targets were found", checked)
	}
}

var (
	valueInTable = regexp.MustCompile("\\| ((?:`[a-z][\\w.]+`(?:, )?)+) \\|")
	valueSet     = regexp.MustCompile(`--set ([\w.]+)=`)
)

// TestValuesExist: the chart has the values that the pages set or recommend.
func TestValuesExist(t *testing.T) {
	const file = "charts/jira-token-operator/values.yaml"
	var values map[string]any
	must(t, yaml.Unmarshal(read(t, file), &values))
	var named []string
	for _, name := range []string{"README.md", "docs/quickstart.md", "docs/operations.md"} {
		p := readPage(t, name)
		for _, found := range valueSet.FindAllStringSubmatch(strings.Join(p.Lines, "\n"), -1) {
			named = append(named, found[1])
		}
	}
	install, _, _ := strings.Cut(string(read(t, "docs/operations.md")), "\n## Size")
	for _, found := range valueInTable.FindAllStringSubmatch(install, -1) {
		for name := range strings.SplitSeq(found[1], ", ") {
			named = append(named, strings.Trim(name, "`"))
		}
	}
	if len(named) < 12 {
		t.Errorf("%d values are named: %v", len(named), named)
	}
	for _, name := range named {
		if _, found, err := unstructured.NestedFieldNoCopy(values, strings.Split(name, ".")...); !found || err != nil {
			t.Errorf("%s has no %s", file, name)
		}
	}
}
