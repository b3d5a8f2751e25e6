// SPDX-License-Identifier: Apache-2.0

// Package rotate is the command `kubectl apitoken rotate`: it asks the operator for new credentials (request), has it make
// one at once (now), or makes one on this machine (local).
package rotate

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/localtoken"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	selection   *selection.Flags
	allInPolicy string
	immediately bool
	local       localtoken.Flags
	wait        time.Duration
	output      *output.Flags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	ask     *ask.Asker
	now     clock.PassiveClock
	api     client.Client
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{
		selection: selection.New(connection), output: output.New("asked to rotate"), cluster: connection, streams: streams,
		ask: ask.New(streams), now: now,
	}
	c.selection.Also = ", or with --all-in-policy all of a policy"
	cmd := &cobra.Command{
		Use:                   "rotate (NAME... | -l SELECTOR | --all-in-policy NAMESPACE/NAME) [--now | --local] [--wait] [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "Replace the credentials of tokens by new ones",
		Long:                  long,
		Example:               examples,
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
		ValidArgsFunction:     complete.Tokens(connection, true, nil),
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	c.selection.AddFlags(fs)
	fs.StringVar(&c.allInPolicy, "all-in-policy", "", "all tokens under this policy, as namespace/name, in all namespaces")
	fs.BoolVar(&c.immediately, "now", false, "end the former credential at once, without overlap: delete its Secret")
	c.local.AddFlags(fs)
	await.AddFlag(fs, &c.wait, "wait until the new credential is there")
	fs.BoolVarP(&c.ask.Yes, "yes", "y", false, "do not ask first; needed where there is no terminal")
	c.output.AddFlags(cmd, "change")
	complete.Flag(cmd, "policy", complete.Policies(connection))
	complete.Flag(cmd, "all-in-policy", complete.Policies(connection))
	return cmd
}

func (c *command) run(ctx context.Context, names []string) error {
	printer, err := c.check(names)
	if err != nil {
		return err
	}
	if c.api, err = c.cluster.Client(); err != nil {
		return err
	}
	targets, err := c.selection.Targets(ctx, c.api, names)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if targets = c.rotatable(targets); len(targets) == 0 {
			return exit.Errorf(exit.NotFound, "none of the selected tokens has a credential that can be rotated")
		}
		if err := act.Summarise(targets, c.streams.ErrOut, c.now.Now()); err != nil {
			return err
		}
	}
	if err := c.foresee(ctx, targets[0]); err != nil {
		return err
	}
	if err := c.confirm(targets, len(names) > 0); err != nil {
		return err
	}
	var asked []*v1alpha1.ApiToken
	failed := act.OnEach(ctx, targets, c.streams.ErrOut, func(t *v1alpha1.ApiToken) error {
		err := c.rotate(ctx, t, printer)
		if err == nil {
			asked = append(asked, t)
		}
		return err
	})
	late := c.awaitAll(ctx, asked)
	if failed != nil && late != nil {
		fmt.Fprintf(c.streams.ErrOut, "error: %v\n", late)
	}
	return cmp.Or(failed, late)
}

func (c *command) check(names []string) (printers.ResourcePrinter, error) {
	if c.allInPolicy != "" {
		if c.selection.Policy != "" {
			return nil, usage.Errorf("--policy and --all-in-policy can't go together: the one is for -n, the other for all namespaces")
		}
		if _, err := usage.PolicyNameOf("--all-in-policy", c.allInPolicy); err != nil {
			return nil, err
		}
		c.selection.Policy, c.selection.AllNamespaces = c.allInPolicy, true
	}
	if err := c.selection.CheckTargets(names); err != nil {
		return nil, err
	}
	switch {
	case c.local.Local && len(names) != 1:
		return nil, usage.Errorf("--local needs exactly one name: there is one token to print")
	case c.local.Local && c.immediately:
		return nil, usage.Errorf("--now can't go with --local: delete the ApiToken to end its token at once")
	case c.wait < 0:
		return nil, usage.Errorf("--wait is %s; a time above 0 is needed, such as 2m", c.wait)
	}
	if err := c.local.Check(!c.output.Writes() || c.output.Format() != ""); err != nil {
		return nil, err
	}
	if c.local.Local {
		c.output.Operation("given the hash of another token")
	}
	return c.output.Printer()
}

// confirm asks where more may happen than was named, and before workloads lose the token that they have.
func (c *command) confirm(targets []*v1alpha1.ApiToken, named bool) error {
	switch {
	case !c.output.Writes():
	case c.immediately:
		return c.ask.Confirm(fmt.Sprintf("End the credentials of %s at once? Programs fail until they read the new one.",
			show.Count(len(targets), "token")), "nothing was changed")
	case c.local.Local && targets[0].Spec.TokenHash == "":
		return c.ask.Confirm(fmt.Sprintf("The operator made the token of %s. End it, delete its Secret, and have a token of yours in "+
			"its place? Programs that read the Secret fail from then on.", tokens.Name(targets[0])), "nothing was changed")
	case !named:
		return c.ask.Confirm(fmt.Sprintf("Rotate %s?", show.Count(len(targets), "token")), "nothing was changed")
	}
	return nil
}
