// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken_test

import (
	"strings"
	"testing"
)

func TestScopes(t *testing.T) {
	for name, line := range map[string]string{
		"list":       "",
		"operations": "--scope write:comment",
		"needs":      "--method post --path /rest/api/2/issue/DEMO-1/comment",
		"coarse":     "--method POST --path /rest/api/2/unheard/of",
		"history":    "--path /rest/api/2/issue/DEMO-1?updateHistory=true",
		"never":      "--path /rest/pat/latest/tokens",
		"outside":    "--path /secure/Dashboard.jspa",
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "scopes/"+name, "", append([]string{"scopes"}, strings.Fields(line)...)...)
		})
	}
}
