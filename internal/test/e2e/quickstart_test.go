// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/test/page"
)

// quickStart reads docs/quickstart.md, with what is so on this cluster in place of what its readers are told to put in.
func quickStart(t *testing.T, port string) []page.Block {
	t.Helper()
	p, err := page.Read(set.root, "docs/quickstart.md")
	must(t, err)
	blocks, err := p.Blocks()
	must(t, err)
	here := onThisCluster(port)
	for i := range blocks {
		blocks[i].Text = here.Replace(blocks[i].Text)
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
