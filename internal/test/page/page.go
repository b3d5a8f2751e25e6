// SPDX-License-Identifier: Apache-2.0

// Package page reads the documentation as its readers do, for the tests that do what it says.
package page

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Page is a Markdown file of the repository.
type Page struct {
	Name  string // as in docs/quickstart.md
	Lines []string
}

// Read reads a page, by its name within the repository.
func Read(root, name string) (*Page, error) {
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return nil, err
	}
	return &Page{Name: name, Lines: strings.Split(string(content), "\n")}, nil
}

// Block is a fenced block of a page.
type Block struct {
	Page     string
	Line     int // of its fence, from 1
	Language string
	Text     string
	Before   string // what stands between the block before and this one
	Section  string // the heading that it stands under
}

var (
	// Heading has a heading's text.
	Heading = regexp.MustCompile("^#+ +(.+)$")
	fence   = regexp.MustCompile("^( *)```(\\w*)$")
	savedAs = regexp.MustCompile("(?s)[Ss]ave (?:this|it) as\\s+`([\\w.-]+)`")
)

// Blocks are the page's fenced blocks, without the indentation of the list that they are in.
func (p *Page) Blocks() (blocks []Block, err error) {
	var before, inside []string
	var open *Block
	indent, section := "", ""
	for i, line := range p.Lines {
		found := fence.FindStringSubmatch(line)
		switch {
		case open == nil && found != nil:
			indent = found[1]
			open = &Block{Page: p.Name, Line: i + 1, Language: found[2], Before: strings.Join(before, "\n"), Section: section}
		case open == nil:
			before = append(before, line)
			if title := Heading.FindStringSubmatch(line); title != nil {
				section = title[1]
			}
		case len(found) > 2 && found[2] == "":
			open.Text = strings.Join(inside, "\n") + "\n"
			blocks = append(blocks, *open)
			before, inside, open = nil, nil, nil
		default:
			inside = append(inside, strings.TrimPrefix(line, indent))
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block is not closed", p.Name, open.Line)
	}
	return blocks, nil
}

// File is the name under which the reader is told to save the block; empty: none.
func (b *Block) File() string {
	if found := savedAs.FindAllStringSubmatch(b.Before, -1); found != nil {
		return found[len(found)-1][1]
	}
	return ""
}
