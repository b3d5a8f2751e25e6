// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page is a Markdown file of the repository.
type page struct {
	name  string // as in docs/quickstart.md
	lines []string
}

// block is a fenced block of a page.
type block struct {
	page     string
	line     int // of its fence, from 1
	language string
	text     string
	before   string // what stands between the block before and this one
	section  string // the heading that it stands under
}

// pages are README.md and its like, and all of docs/.
func pages(t *testing.T) (out []page) {
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

func readPage(t *testing.T, name string) page {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(t), name))
	must(t, err)
	return page{name: name, lines: strings.Split(string(content), "\n")}
}

var fence = regexp.MustCompile("^( *)```(\\w*)$")

// blocks are the page's fenced blocks, without the indentation of the list that they are in.
func (p *page) blocks(t *testing.T) (out []block) {
	t.Helper()
	var before, inside []string
	var open *block
	indent, section := "", ""
	for i, line := range p.lines {
		found := fence.FindStringSubmatch(line)
		switch {
		case open == nil && found != nil:
			indent = found[1]
			open = &block{page: p.name, line: i + 1, language: found[2], before: strings.Join(before, "\n"), section: section}
		case open == nil:
			before = append(before, line)
			if title := heading.FindStringSubmatch(line); title != nil {
				section = title[1]
			}
		case len(found) > 2 && found[2] == "":
			open.text = strings.Join(inside, "\n") + "\n"
			out = append(out, *open)
			before, inside, open = nil, nil, nil
		default:
			inside = append(inside, strings.TrimPrefix(line, indent))
		}
	}
	if open != nil {
		t.Errorf("%s:%d: the block is not closed", p.name, open.line)
	}
	return out
}

var savedAs = regexp.MustCompile("(?s)[Ss]ave (?:this|it) as\\s+`([\\w.-]+)`")

// file is the name under which the reader is told to save the block; empty: none.
func (b *block) file() string {
	if found := savedAs.FindAllStringSubmatch(b.before, -1); found != nil {
		return found[len(found)-1][1]
	}
	return ""
}
