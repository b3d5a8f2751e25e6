// SPDX-License-Identifier: Apache-2.0

// Package docs_test holds the documentation to its word: it runs the commands of README.md, the quick start and others, applies the
// manifests of all pages, tries what the recipes claim, and follows the links.
package docs_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

func TestMain(m *testing.M) {
	if target := os.Getenv(forwardTo); target != "" {
		if err := forward(os.Getenv(forwardFrom), target); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctrl.SetLogger(logr.Discard())
	flag.Parse()
	code := m.Run()
	removePrograms()
	os.Exit(code)
}

// root is the repository's.
func root(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", ".."))
	must(t, err)
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
