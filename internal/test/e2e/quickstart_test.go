// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// quickStartBlock is a fenced block of docs/quickstart.md.
type quickStartBlock struct {
	section  string // the heading that it stands below
	language string
	file     string // under which the reader is told to save it; empty: none
	text     string
}

var (
	section = regexp.MustCompile(`(?m)^## (.*)$`)
	fenced  = regexp.MustCompile("(?s)\n```(\\w+)\n(.*?\n)```\n")
	savedAs = regexp.MustCompile("[Ss]ave (?:this|it) as\\s+`([\\w.-]+)`")
)

// quickStart reads the page, with what is so on this cluster in place of what its readers are told to put in.
func quickStart(t *testing.T, port string) (blocks []quickStartBlock) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(set.root, "docs", "quickstart.md"))
	must(t, err)
	page, here := string(content), onThisCluster(port)
	end := 0 // of the block before
	for _, at := range fenced.FindAllStringSubmatchIndex(page, -1) {
		b := quickStartBlock{language: page[at[2]:at[3]], text: here.Replace(page[at[4]:at[5]])}
		headings := section.FindAllStringSubmatch(page[:at[0]], -1)
		b.section = headings[len(headings)-1][1]
		if name := savedAs.FindStringSubmatch(page[end:at[0]]); name != nil {
			b.file = name[1]
		}
		blocks, end = append(blocks, b), at[1]
	}
	return blocks
}

func onThisCluster(port string) *strings.Replacer {
	return strings.NewReplacer(
		"--set image.repository=<your registry>/jira-token-operator --set image.tag=dev", strings.Join(set.operator.values(), " "),
		"https://jira.internal.example:8443/jira", jiraURL,
		"8080:80", port+":80", "localhost:8080", "localhost:"+port,
		// Nobody made it: the pod of section 6 needs an image from elsewhere.
		"kubectl delete pod intake -n marketing --now --wait=false\n", "",
	)
}
