// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/e2e-framework/pkg/types"
)

// quickStartNamespaces are those that docs/quickstart.md makes.
var quickStartNamespaces = []string{"jira-gateway", "marketing"}

// firstToken does on a cluster without the operator what docs/quickstart.md tells a newcomer to do. What was typed and what was
// printed is kept in newcomer.log.
func firstToken() types.Feature {
	return story("first token", "the quick start leads from a cluster without the operator to a call that Jira answers", func(t *testing.T) {
		t.Helper()
		if set.keep {
			t.Skip("it removes what E2E_KEEP is to leave")
		}
		emptyCluster(t)
		t.Cleanup(func() { removeQuickStart(t) })
		n := newNewcomer(t)
		begin, answered := time.Now(), time.Duration(0)
		last := ""
		for _, b := range quickStart(t, n.port) {
			switch {
			case strings.HasPrefix(b.Section, "6."): // it runs an image from elsewhere; all other stories have pods with tokens
			case strings.HasPrefix(b.Text, "make image-push"): // the cluster has the operator's
			case b.File() != "":
				n.save(b.File(), b.Text)
			case b.Language == "sh":
				last = n.run(b.Section, b.Text)
				if answered == 0 && strings.Contains(last, `"name":"alice"`) {
					answered = since(begin)
				}
			case b.Language == "json" && !strings.Contains(last, strings.TrimSpace(b.Text)):
				t.Errorf("%s: the page shows the answer %s and it is %s", b.Section, b.Text, last)
			}
		}
		if answered == 0 {
			t.Fatal("Jira was never called as alice")
		}
		seen(t, "%s from helm install to the first answer, with %d blocks of commands; all of it is in %s", answered, n.ran, n.log)
	})
}

// emptyCluster removes all of the operator, and what was declared for it. Jira stays.
func emptyCluster(t *testing.T) {
	t.Helper()
	must(t, errors.Join(removePolicy(t.Context()), uninstall(t.Context()), removeKept(t.Context())))
}

func removeQuickStart(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if err := errors.Join(removeDeclared(ctx), removeNamespaces(ctx, quickStartNamespaces...)); err != nil {
		t.Error(err)
	}
}

// newNewcomer is a terminal in a folder with the chart, and with the token of alice's that she made in Jira.
func newNewcomer(t *testing.T) *newcomer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, errors.Join(err, listener.Close()))
	n := &newcomer{T: t, folder: t.TempDir(), port: port, log: set.artefacts("newcomer.log")}
	must(t, os.Symlink(filepath.Join(set.root, "charts"), filepath.Join(n.folder, "charts")))
	must(t, os.WriteFile(filepath.Join(n.folder, "alice.pat"), []byte(personalTokens["alice"]), 0o600))
	must(t, os.MkdirAll(filepath.Dir(n.log), 0o755))
	return n
}
