// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/test/page"
)

var (
	linked   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// TestLinks: every link within the repository leads to a file, and to a heading in it.
func TestLinks(t *testing.T) {
	all := pages(t)
	anchors := map[string]map[string]bool{}
	for _, p := range all {
		anchors[p.Name] = anchorsOf(p)
	}
	checked := 0
	for _, p := range all {
		for i, line := range prose(p) {
			for _, found := range linked.FindAllStringSubmatch(line, -1) {
				target, anchor, _ := strings.Cut(found[1], "#")
				if strings.Contains(target, "://") {
					continue
				}
				checked++
				name := p.Name
				if target != "" {
					name = filepath.Join(filepath.Dir(p.Name), target)
				}
				switch known, isPage := anchors[name]; {
				case !exists(filepath.Join(root(t), name)):
					t.Errorf("%s:%d: there is no %s", p.Name, i+1, name)
				case anchor != "" && isPage && !known[anchor]:
					t.Errorf("%s:%d: %s has no heading for #%s", p.Name, i+1, name, anchor)
				}
			}
		}
	}
	if checked < 100 {
		t.Errorf("%d links were found", checked)
	}
}

// TestEveryPageIsLinked: a reader of README.md can come to every page.
func TestEveryPageIsLinked(t *testing.T) {
	all, reached := map[string]*page.Page{}, map[string]bool{}
	for _, p := range pages(t) {
		all[p.Name] = p
	}
	var follow func(name string)
	follow = func(name string) {
		p, isPage := all[name]
		if reached[name] || !isPage {
			return
		}
		reached[name] = true
		for _, line := range prose(p) {
			for _, found := range linked.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(found[1], "#")
				follow(filepath.Join(filepath.Dir(name), target))
			}
		}
	}
	follow("README.md")
	for name := range all {
		if !reached[name] {
			t.Errorf("no link leads from README.md to %s", name)
		}
	}
}

// prose is the page without what stands in its blocks.
func prose(p *page.Page) []string {
	out, inside := make([]string, len(p.Lines)), false
	for i, line := range p.Lines {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inside = !inside
		} else if !inside {
			out[i] = line
		}
	}
	return out
}

// anchors are those of the page's headings, as GitHub makes them.
func anchorsOf(p *page.Page) map[string]bool {
	out := map[string]bool{}
	for _, line := range prose(p) {
		if found := page.Heading.FindStringSubmatch(line); found != nil {
			text := strings.ToLower(noAnchor.ReplaceAllString(strings.ReplaceAll(found[1], "`", ""), ""))
			out[strings.ReplaceAll(text, " ", "-")] = true
		}
	}
	return out
}
