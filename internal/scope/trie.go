// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// trie finds an operation by its decoded segments. It eases, so it compares exactly, and what only resembles a segment
// that it knows (issue.json, Comment) is nothing that it knows.
type trie struct{ root node }

type node struct {
	literals map[string]*node
	texts    []string // of the literals
	aliased  bool     // the literal `latest` is that of a version
	prefixes []prefixNode
	any      *node
	exact    *methods // for what ends here
	below    *methods // for what ends here or below
}

type prefixNode struct {
	segmentPattern
	node *node
}

// methods are the operations of one path by the number of their method.
type methods [5]*Operation

// methodNumber is -1 for a method that the catalogue has no operations for.
func methodNumber(method string) int {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return 0
	case http.MethodPost:
		return 1
	case http.MethodPut:
		return 2
	case http.MethodDelete:
		return 3
	case http.MethodPatch:
		return 4
	}
	return -1
}

// find walks down; nil: it knows no such operation.
func (t *trie) find(method string, segments []string) (operation *Operation) {
	number, at := methodNumber(method), &t.root
	for _, segment := range segments {
		if at = at.child(segment); at == nil {
			return operation
		}
		if found := at.below.of(number); found != nil {
			operation = found
		}
	}
	if found := at.exact.of(number); found != nil {
		operation = found
	}
	return operation
}

// reaches tells whether the segments are a path that was grown, or below one.
func (t *trie) reaches(segments []string) bool {
	at := &t.root
	for _, segment := range segments {
		if at = at.child(segment); at == nil {
			return false
		}
		if at.leaf() {
			return true
		}
	}
	return false
}

func (n *node) leaf() bool { return n.any == nil && len(n.literals) == 0 && len(n.prefixes) == 0 }

func (m *methods) of(number int) *Operation {
	if m == nil || number < 0 {
		return nil
	}
	return m[number]
}

// child never goes back: a literal hides {name} beside it, as it does in Jira.
func (n *node) child(segment string) *node {
	if next, ok := n.literals[segment]; ok {
		return next
	}
	for i := range n.prefixes {
		if n.prefixes[i].matches(segment) {
			return n.prefixes[i].node
		}
	}
	if n.any != nil && n.resemblesLiteral(segment) {
		return nil
	}
	return n.any
}

func (n *node) resemblesLiteral(segment string) bool {
	for _, text := range n.texts {
		p := segmentPattern{text: text}
		if p.matchesFold(segment) || p.matchesFoldBefore(segment, ";.") {
			return true
		}
	}
	return false
}

// add puts a line into the trie, with the alias `latest` for the version if there is none yet.
func (t *trie) add(line *Line) error {
	number := methodNumber(line.Method)
	if number < 0 || number == 0 && line.Method != http.MethodGet {
		return fmt.Errorf("method %q: must be GET (which stands for HEAD and OPTIONS too), POST, PUT, PATCH or DELETE", line.Method)
	}
	need, err := Parse([]string{line.Scope})
	if err != nil {
		return err
	}
	at, below, err := t.path(line.Path)
	if err != nil {
		return fmt.Errorf("path %q: %w", line.Path, err)
	}
	slot := &at.exact
	if below {
		slot = &at.below
	}
	if *slot == nil {
		*slot = new(methods)
	}
	if (*slot)[number] != nil {
		return fmt.Errorf("%s %s: is there twice", line.Method, line.Path)
	}
	(*slot)[number] = &Operation{Need: need, Name: line.Name}
	return nil
}

// path makes the nodes of a pattern.
func (t *trie) path(pattern string) (at *node, below bool, err error) {
	pattern, below = strings.CutSuffix(pattern, "/**")
	rest, rooted := strings.CutPrefix(pattern, "/")
	if !rooted || rest == "" {
		return nil, false, errors.New("must begin with a slash and name something")
	}
	at = &t.root
	for i, segment := range strings.Split(rest, "/") {
		parent := at
		if at, err = at.grow(segment); err != nil {
			return nil, false, err
		}
		if i == 2 && strings.HasPrefix(pattern, "/rest/") && isVersion(segment) {
			parent.alias(at)
		}
	}
	return at, below, nil
}

// alias lets `latest` stand for a version, of several for the last one in the list, unless `latest` has lines of its own.
func (n *node) alias(version *node) {
	if n.literals["latest"] == nil || n.aliased {
		n.literals["latest"], n.aliased = version, true
	}
}

func isVersion(segment string) bool { return segment != "" && segment[0] >= '0' && segment[0] <= '9' }

func (n *node) grow(segment string) (*node, error) {
	text, prefix := strings.CutSuffix(segment, "*")
	switch {
	case segment == "", segment == ".", segment == "..":
		return nil, errors.New("must have no empty segments and no dots as segments")
	case segment == "*", strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}"):
		if n.any == nil {
			n.any = new(node)
		}
		return n.any, nil
	case strings.ContainsAny(text, "*{}%?#;\\"):
		return nil, fmt.Errorf("segment %q: * stands at the end of a segment, ** at the end of the path, {name} for a whole "+
			"segment, and nothing is percent-encoded", segment)
	case prefix:
		return n.growPrefix(text), nil
	}
	if n.literals == nil {
		n.literals = map[string]*node{}
	}
	if n.literals[segment] == nil {
		n.literals[segment], n.texts = new(node), append(n.texts, segment)
	}
	return n.literals[segment], nil
}

func (n *node) growPrefix(text string) *node {
	for i := range n.prefixes {
		if n.prefixes[i].text == text {
			return n.prefixes[i].node
		}
	}
	n.prefixes = append(n.prefixes, prefixNode{segmentPattern{text, true}, new(node)})
	return n.prefixes[len(n.prefixes)-1].node
}
