// SPDX-License-Identifier: Apache-2.0

// Package manifests_test tests what is in config/: it applies it to a real API server.
package manifests_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

func configPath(elements ...string) string {
	return filepath.Join(append([]string{"..", "..", "..", "config"}, elements...)...)
}

// files are the YAML files that a pattern below config/ matches; there must be some.
func files(t *testing.T, elements ...string) []string {
	t.Helper()
	paths, err := filepath.Glob(configPath(elements...))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files match %v: %v", elements, err)
	}
	return paths
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// decode reads the objects of a YAML file.
func decode(t *testing.T, content []byte) []*unstructured.Unstructured {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	var out []*unstructured.Unstructured
	for {
		u := &unstructured.Unstructured{}
		switch err := decoder.Decode(&u.Object); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatal(err)
		case u.Object != nil && u.GetKind() != "Kustomization":
			out = append(out, u)
		}
	}
}
