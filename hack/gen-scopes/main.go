// SPDX-License-Identifier: Apache-2.0

// Command gen-scopes writes what is generated from the catalogue of scopes: the type of the API and the page for people.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/scope"
)

func main() {
	for path, content := range map[string]string{
		"api/v1alpha1/zz_generated.scopes.go": apiType(),
		"docs/scopes.md":                      page(),
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen-scopes:", err)
			os.Exit(1)
		}
	}
}

// The notice is made of two halves, or this file would be taken for a generated one.
const apiHead = `// SPDX-License-Identifier: Apache-2.0

// Code generated` + ` by hack/gen-scopes. DO NOT EDIT.

package v1alpha1

// Scope is a class of Jira operations that a token may use. read, write and
// admin do not imply each other.
//
// read: requests that only look (GET, HEAD, OPTIONS, and searches by POST).
// write: requests that change issues, comments, attachments and the like.
// admin: administration (users and groups, plugins, scripts, webhooks,
// application links, automation, backup, re-index) and the REST modules of
// apps that are not known to be harmless, whatever the method. What makes or
// changes credentials is open to no scope.
//
// <action>:<resource>, such as write:comment, is a part of one of them: read
// covers all of read:…, write all of write:… and delete:…, admin all of admin:….
`

func apiType() string {
	quoted := scope.All().Names()
	for i, name := range quoted {
		quoted[i] = `"` + name + `"`
	}
	return apiHead + "// +kubebuilder:validation:Enum=" + strings.Join(quoted, ";") + "\ntype Scope string\n"
}
