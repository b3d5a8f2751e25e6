// SPDX-License-Identifier: Apache-2.0

// Command bench-tightening measures what happens when a policy that very many tokens share is tightened, and loosened
// again: how long until the first, the median and the last credential is blocked, how long until the last status says
// so, and which writes the API server saw. In the same run it measures a peer: the same number of writes by clients
// that have nothing to decide, as many at once as the manager makes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

func main() {
	n := flag.Int("n", 5000, "how many tokens share the policy")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *n)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-tightening:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, n int) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	local, err := stack.New(root, filepath.Join(root, "bin", "bench-tightening"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, local.Stop()) }()
	b := &bench{stack: local, n: n}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	tightened := change{
		name: "tightened", scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}, state: grant.Blocked, reason: v1alpha1.ReasonNotPermitted,
	}
	loosened := change{
		name: "loosened", scopes: []v1alpha1.Scope{v1alpha1.ScopeRead, v1alpha1.ScopeWrite}, state: grant.Active,
		reason: v1alpha1.ReasonIssued,
	}
	for _, c := range []change{tightened, loosened} {
		took, err := b.measure(ctx, c)
		if err != nil {
			return err
		}
		peer, err := b.peer(ctx)
		if err != nil {
			return err
		}
		took.print(c.name, n, peer)
	}
	return nil
}
