// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"path/filepath"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/test/page"
)

// pages are README.md and its like, and all of docs/.
func pages(t *testing.T) (out []*page.Page) {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root(t), pattern))
		must(t, err)
		paths = append(paths, found...)
	}
	for _, path := range paths {
		name, err := filepath.Rel(root(t), path)
		must(t, err)
		out = append(out, readPage(t, name))
	}
	return out
}

func readPage(t *testing.T, name string) *page.Page {
	t.Helper()
	p, err := page.Read(root(t), name)
	must(t, err)
	return p
}

func blocksOf(t *testing.T, p *page.Page) []page.Block {
	t.Helper()
	blocks, err := p.Blocks()
	must(t, err)
	return blocks
}
