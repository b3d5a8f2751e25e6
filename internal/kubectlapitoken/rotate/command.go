// SPDX-License-Identifier: Apache-2.0

// Package rotate is the command `kubectl apitoken rotate`: it asks the operator for new credentials (request), has it make
// one at once (now), or makes one on this machine (local).
package rotate

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/localtoken"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	act.Command

	allInPolicy string
	immediately bool
	local       localtoken.Flags
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{Command: act.New(connection, streams, now, "asked to rotate")}
	c.Selection.Also = ", or with --all-in-policy all of a policy"
	cmd := c.Complete(&cobra.Command{
		Use:     "rotate (NAME... | -l SELECTOR | --all-in-policy NAMESPACE/NAME) [--now | --local] [--wait] [flags]",
		Short:   "Replace the credentials of tokens by new ones",
		Long:    long,
		Example: examples,
	}, act.Words{Wait: "wait until the new credential is there", DryRun: "change"}, nil, c.addFlags, c.run)
	complete.Flag(cmd, "all-in-policy", complete.Policies(connection))
	return cmd
}

func (c *command) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.allInPolicy, "all-in-policy", "", "all tokens under this policy, as namespace/name, in all namespaces")
	fs.BoolVar(&c.immediately, "now", false, "end the former credential at once, without overlap: delete its Secret")
	c.local.AddFlags(fs)
}

func (c *command) run(ctx context.Context, names []string) error {
	printer, err := c.check(names)
	if err != nil {
		return err
	}
	targets, err := c.Selection.Targets(ctx, c.API, names)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if targets = c.rotatable(targets); len(targets) == 0 {
			return exit.Errorf(exit.NotFound, "none of the selected tokens has a credential that can be rotated")
		}
		if err := act.Summarise(targets, c.Streams.ErrOut, c.Now.Now()); err != nil {
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
	failed := act.OnEach(ctx, targets, c.Streams.ErrOut, func(t *v1alpha1.ApiToken) error {
		err := c.rotate(ctx, t, printer)
		if err == nil {
			asked = append(asked, t)
		}
		return err
	})
	late := c.awaitAll(ctx, asked)
	if failed != nil && late != nil {
		fmt.Fprintf(c.Streams.ErrOut, "error: %v\n", late)
	}
	return cmp.Or(failed, late)
}

func (c *command) check(names []string) (printers.ResourcePrinter, error) {
	if c.allInPolicy != "" {
		if c.Selection.Policy != "" {
			return nil, usage.Errorf("--policy and --all-in-policy can't go together: the one is for -n, the other for all namespaces")
		}
		if _, err := usage.PolicyNameOf("--all-in-policy", c.allInPolicy); err != nil {
			return nil, err
		}
		c.Selection.Policy, c.Selection.AllNamespaces = c.allInPolicy, true
	}
	if err := c.Selection.CheckTargets(names); err != nil {
		return nil, err
	}
	switch {
	case c.local.Local && len(names) != 1:
		return nil, usage.Errorf("--local needs exactly one name: there is one token to print")
	case c.local.Local && c.immediately:
		return nil, usage.Errorf("--now can't go with --local: delete the ApiToken to end its token at once")
	}
	if err := c.local.Check(!c.Output.Writes() || c.Output.Format() != ""); err != nil {
		return nil, err
	}
	if c.local.Local {
		c.Output.Operation("given the hash of another token")
	}
	return c.Connect()
}

// confirm asks where more may happen than was named, and before workloads lose the token that they have.
func (c *command) confirm(targets []*v1alpha1.ApiToken, named bool) error {
	switch {
	case !c.Output.Writes():
	case c.immediately:
		return c.Ask.Confirm(fmt.Sprintf("End the credentials of %s at once? Programs fail until they read the new one.",
			show.Count(len(targets), "token")), "nothing was changed")
	case c.local.Local && targets[0].Spec.TokenHash == "":
		return c.Ask.Confirm(fmt.Sprintf("The operator made the token of %s. End it, delete its Secret, and have a token of yours in "+
			"its place? Programs that read the Secret fail from then on.", tokens.Name(targets[0])), "nothing was changed")
	case !named:
		return c.Ask.Confirm(fmt.Sprintf("Rotate %s?", show.Count(len(targets), "token")), "nothing was changed")
	}
	return nil
}
