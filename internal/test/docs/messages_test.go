// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// source is the code of a package, without its tests.
type source struct {
	files     []*ast.File
	constants map[string]string // texts that have a name in the package
}

func readSource(t *testing.T, folder string) *source {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root(t), folder, "*.go"))
	must(t, err)
	s := &source{constants: map[string]string{}}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		must(t, err)
		s.files = append(s.files, file)
	}
	for _, file := range s.files {
		for _, declaration := range file.Decls {
			if d, ok := declaration.(*ast.GenDecl); ok && d.Tok != token.TYPE && d.Tok != token.IMPORT {
				s.noteConstants(d)
			}
		}
	}
	return s
}

func (s *source) noteConstants(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		values, ok := spec.(*ast.ValueSpec)
		if !ok || len(values.Values) != len(values.Names) {
			continue
		}
		for i, name := range values.Names {
			if text := s.text(values.Values[i]); text != "…" {
				s.constants[name.Name] = text
			}
		}
	}
}

func (s *source) each(visit func(ast.Node)) {
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			if n != nil {
				visit(n)
			}
			return true
		})
	}
}

var verb = regexp.MustCompile(`%[-0-9]*[a-zA-Z]`)

// text is what an expression says, with … for what is only known when the program runs.
func (s *source) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil {
			return verb.ReplaceAllString(text, "…")
		}
	case *ast.BinaryExpr:
		return strings.ReplaceAll(s.text(e.X)+s.text(e.Y), "……", "…")
	case *ast.Ident:
		if text, ok := s.constants[e.Name]; ok {
			return text
		}
	case *ast.SelectorExpr: // such as v1alpha1.AnnotationRequestedBy
		if strings.HasPrefix(e.Sel.Name, "Annotation") {
			return "…"
		}
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "Sprintf" || f.Sel.Name == "New") && len(e.Args) > 0 {
			return s.text(e.Args[0])
		}
	}
	return "…"
}

// messages are what certain functions are given to say, by the position of that argument, and what becomes a field Message.
func (s *source) messages(functions map[string]int) []string {
	found := map[string]bool{}
	note := func(e ast.Expr) {
		if text := s.text(e); strings.Trim(text, "… ") != "" {
			found[text] = true
		}
	}
	s.each(func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CallExpr:
			if at, ok := functions[called(n)]; ok && at < len(n.Args) {
				note(n.Args[at])
			}
		case *ast.KeyValueExpr:
			if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Message" {
				note(n.Value)
			}
		case *ast.AssignStmt:
			if left, ok := n.Lhs[0].(*ast.SelectorExpr); ok && left.Sel.Name == "Message" {
				note(n.Rhs[0])
			}
		}
	})
	out := make([]string, 0, len(found))
	for text := range found {
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}

func called(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// values are the texts of constants whose names begin so.
func (s *source) values(prefix string) (out []string) {
	for name, text := range s.constants {
		if strings.HasPrefix(name, prefix) {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}
