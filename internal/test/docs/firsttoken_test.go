// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"maps"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const notes = "charts/jira-token-operator/templates/NOTES.txt"

var hereDocument = regexp.MustCompile(`(?s)<<END\n(.*?\n)END\n`)

// TestFirstTokenIsToldAlike: README.md, the notes that helm prints and the chart's example declare what the quick start does, which
// is run. Whoever begins with one and goes on with another finds the same.
func TestFirstTokenIsToldAlike(t *testing.T) {
	want := declared(t, yamlBlocks(t, "docs/quickstart.md"))
	delete(want, "Pod") // of the quick start alone
	if want["TokenPolicy"] == nil || want["ApiToken"] == nil {
		t.Fatalf("the quick start declares %v", want)
	}
	var printed []string
	for _, found := range hereDocument.FindAllStringSubmatch(string(read(t, notes)), -1) {
		printed = append(printed, found[1])
	}
	have := declared(t, printed)
	delete(have, "Namespace") // the quick start makes them by other commands
	for where, have := range map[string]map[string]any{"README.md": declared(t, yamlBlocks(t, "README.md")), notes: have} {
		for kind := range maps.Keys(want) {
			if !reflect.DeepEqual(have[kind], want[kind]) {
				t.Errorf("%s: the %s is\n%v\nand the quick start's\n%v", where, kind, have[kind], want[kind])
			}
		}
		if len(have) != len(want) {
			t.Errorf("%s declares %v", where, have)
		}
	}
	if example := chartExample(t); !reflect.DeepEqual(example, want["ApiToken"]) {
		t.Errorf("Chart.yaml: the example is\n%v\nand the quick start's\n%v", example, want["ApiToken"])
	}
}

// TestFirstCredentialIsToldAlike: the notes store the owner's Jira token as the quick start does.
func TestFirstCredentialIsToldAlike(t *testing.T) {
	for _, name := range []string{"docs/quickstart.md", notes} {
		for _, part := range []string{
			"kubectl create secret generic alice -n jira-gateway --from-literal=owner=alice --from-file=token=alice.pat",
			" jiratokens.io/policy=jira jiratokens.io/credential=owner-token",
			"pod-security.kubernetes.io/enforce",
		} {
			if !strings.Contains(string(read(t, name)), part) {
				t.Errorf("%s lacks %s", name, part)
			}
		}
	}
}

func yamlBlocks(t *testing.T, name string) (out []string) {
	t.Helper()
	p := readPage(t, name)
	for _, b := range blocksOf(t, p) {
		if b.Language == "yaml" {
			out = append(out, b.Text)
		}
	}
	return out
}

// declared are the objects of the manifests by their kinds.
func declared(t *testing.T, manifests []string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, manifest := range manifests {
		for document := range strings.SplitSeq("\n"+manifest, "\n---\n") {
			var object map[string]any
			must(t, yaml.UnmarshalStrict([]byte(document), &object))
			kind, _ := object["kind"].(string)
			out[kind] = object
		}
	}
	return out
}

func chartExample(t *testing.T) any {
	t.Helper()
	var chart struct {
		Annotations map[string]string `json:"annotations"`
	}
	must(t, yaml.Unmarshal(read(t, "charts/jira-token-operator/Chart.yaml"), &chart))
	var examples []any
	must(t, yaml.Unmarshal([]byte(chart.Annotations["artifacthub.io/crdsExamples"]), &examples))
	if len(examples) != 1 {
		t.Fatalf("there are %d examples", len(examples))
	}
	return examples[0]
}
