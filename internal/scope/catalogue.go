// SPDX-License-Identifier: Apache-2.0

package scope

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed catalogue.txt
var catalogueText string

// Line is an operation of the catalogue, or of a policy.
type Line struct {
	// Method is GET (with HEAD and OPTIONS), POST, PUT, PATCH or DELETE.
	Method string
	// Path is a pattern: {name} is any one segment, text* one with that beginning, /** at the end whatever is below.
	Path string
	// Scope is the one that it needs.
	Scope string
	// Name is what it does.
	Name string
	// Section is the heading that it stands below.
	Section string
}

// Catalogue lists the operations that the finer scopes know.
var Catalogue = sync.OnceValue(func() []Line {
	lines, err := parseCatalogue(catalogueText)
	if err != nil {
		panic(err) // it is part of the program, and a test reads it
	}
	return lines
})

func parseCatalogue(text string) ([]Line, error) {
	var lines []Line
	section := ""
	for row := range strings.SplitSeq(text, "\n") {
		if heading, ok := strings.CutPrefix(row, "## "); ok {
			section = heading
		}
		if row == "" || row[0] == '#' {
			continue
		}
		fields := strings.Fields(row)
		if len(fields) < 4 {
			return nil, fmt.Errorf("catalogue: %q has no method, path, scope and name", row)
		}
		lines = append(lines, Line{
			Method: fields[0], Path: fields[1], Scope: fields[2], Name: strings.Join(fields[3:], " "), Section: section,
		})
	}
	return lines, nil
}
