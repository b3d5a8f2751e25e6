// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/resources"
)

var rewrite = flag.Bool("update", false, "write docs/rbac.md anew; read the diff")

// What docs/rbac.md says is all that the accounts may do, as the API server itself says, with the chart installed.
func TestRBACPage(t *testing.T) {
	var page strings.Builder
	page.WriteString(intro)
	helm := newHelm(t, "helm")
	t.Run("cluster-wide", func(t *testing.T) { clusterWide(t, helm, &page) })
	t.Run("namespaced", func(t *testing.T) { namespaced(t, helm, &page) })
	t.Run("gateway", func(t *testing.T) { gateway(t, helm, &page) })
	file := filepath.Join(root, "docs", "rbac.md")
	if *rewrite {
		if err := os.WriteFile(file, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, file) != page.String() {
		t.Errorf("%s is not what the API server says; if that is meant, run this test with -update:\n%s", file, page.String())
	}
}

const intro = `# What each account may do

With the chart installed, as the API server tells each account (` + "`kubectl auth can-i --list`" + `), less what every account may.
` + "`make chart-test`" + ` compares this page, and writes it with ` + "`TESTFLAGS='-run RBAC -update'`" + `. Roles for people are [listed with the policies](policies.md#roles).
`

func clusterWide(t *testing.T, helm *Helm, page *strings.Builder) {
	t.Helper()
	own, elsewhere := namespace(t, "rbac-own"), namespace(t, "rbac-elsewhere")
	helm.install(t, own)
	manager := plane.ServiceAccount(t, own, managerAccount)
	everywhere := rightsBeyond(t, manager, elsewhere)
	page.WriteString("\n## The manager\n\n`jira-token-operator-manager`, by default. In every namespace, and on what has none:\n\n")
	writeTable(t, page, "", everywhere)
	page.WriteString("\nIn its own namespace, besides:\n\n")
	writeTable(t, page, "own", rightsBeyond(t, manager, own).without(everywhere))
}

func namespaced(t *testing.T, helm *Helm, page *strings.Builder) {
	t.Helper()
	own, elsewhere, watched := namespace(t, "rbac-own"), namespace(t, "rbac-elsewhere"), namespace(t, "marketing")
	helm.install(t, own, "--set=watchNamespaces={"+watched+"}")
	manager := plane.ServiceAccount(t, own, managerAccount)
	everywhere := rightsBeyond(t, manager, elsewhere)
	page.WriteString("\n## The manager in some namespaces\n\n" +
		"With `watchNamespaces: [marketing]`. In every namespace, and on what has none:\n\n")
	writeTable(t, page, "ending", everywhere)
	page.WriteString("\nIn `marketing`:\n\n")
	writeTable(t, page, "", rightsBeyond(t, manager, watched).without(everywhere))
	page.WriteString("\nIn its own namespace:\n\n")
	writeTable(t, page, "own", rightsBeyond(t, manager, own).without(everywhere))
	page.WriteString("\nIn any other namespace: nothing else. With `certificates.source: CertManager` it may not change the webhook configuration either.\n")
}

// gateway has the rights that the manager gives it.
func gateway(t *testing.T, helm *Helm, page *strings.Builder) {
	t.Helper()
	helm.install(t, namespace(t, "rbac-own"))
	policy := declarePolicy(t)
	policy.APIVersion, policy.Kind = "jiratokens.io/v1alpha1", "TokenPolicy"
	objects, err := resources.Build(policy, resources.Options{Image: "gateway"})
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range objects {
		switch *object.GetKind() {
		case "ServiceAccount", "Role", "RoleBinding":
			if err := plane.Client.Apply(t.Context(), object, client.FieldOwner("test")); err != nil {
				t.Fatal(err)
			}
		}
	}
	account := plane.ServiceAccount(t, policy.Namespace, resources.GatewayName(policy.Name))
	page.WriteString("\n## A gateway\n\n`<policy>-gateway`, made by the manager, in the policy's namespace:\n\n")
	writeTable(t, page, "gateway", rightsBeyond(t, account, policy.Namespace))
	page.WriteString("\nAnywhere else: nothing.\n")
	if elsewhere := rightsBeyond(t, account, namespace(t, "rbac-elsewhere")); len(elsewhere) > 0 {
		t.Errorf("elsewhere a gateway may %v", elsewhere)
	}
}

// rightsBeyond are an account's, less those of an account that nobody has given any.
func rightsBeyond(t *testing.T, account *rest.Config, namespace string) rights {
	t.Helper()
	nobody := plane.ServiceAccount(t, namespace, "nobody")
	return rightsOf(t, account, namespace).without(rightsOf(t, nobody, namespace))
}

// writeTable writes what an account may in a place, for the reasons of that place or those of all.
func writeTable(t *testing.T, page *strings.Builder, place string, have rights) {
	t.Helper()
	page.WriteString("| Resource | Verbs | Why |\n|---|---|---|\n")
	for _, resource := range have.sorted() {
		kind, name, _ := strings.Cut(resource, " ")
		why := cmp.Or(reasons[place+" "+kind], reasons[kind])
		if why == "" {
			t.Errorf("nobody has said why %v of %s is needed", have[resource], resource)
		}
		if name != "" {
			kind += "` named `" + name
		}
		fmt.Fprintf(page, "| `%s` | %s | %s |\n", kind, strings.Join(have[resource], ", "), why)
	}
}
