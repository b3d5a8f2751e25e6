// SPDX-License-Identifier: Apache-2.0

// Package approve is the commands `kubectl apitoken approve` and `deny`: they show what an ApiToken may do, and create the
// TokenApproval that decides on exactly that.
package approve

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	decision v1alpha1.ApprovalDecision
	reason   string
	yes      bool
	dryRun   string
	output   *genericclioptions.PrintFlags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	// asks tells whether there is a person to ask.
	asks func() bool
}

// NewApproveCommand makes the command that lets a token work.
func NewApproveCommand(connection *cluster.Connection, streams genericiooptions.IOStreams) *cobra.Command {
	return newCommand(connection, streams, v1alpha1.DecisionApprove, &cobra.Command{
		Use:     "approve TOKEN [-n NAMESPACE] [--reason TEXT] [--yes] [flags]",
		Short:   "Approve what a token may do",
		Long:    longApprove,
		Example: examplesApprove,
	})
}

// NewDenyCommand makes the command that refuses a token.
func NewDenyCommand(connection *cluster.Connection, streams genericiooptions.IOStreams) *cobra.Command {
	return newCommand(connection, streams, v1alpha1.DecisionDeny, &cobra.Command{
		Use:     "deny TOKEN [-n NAMESPACE] [--reason TEXT] [--yes] [flags]",
		Short:   "Deny what a token may do",
		Long:    longDeny,
		Example: examplesDeny,
	})
}

func newCommand(
	connection *cluster.Connection, streams genericiooptions.IOStreams, decision v1alpha1.ApprovalDecision, cmd *cobra.Command,
) *cobra.Command {
	c := &command{
		decision: decision, output: genericclioptions.NewPrintFlags("created"), cluster: connection, streams: streams,
		asks: func() bool { return isTerminal(streams.In) },
	}
	cmd.DisableFlagsInUseLine = true
	cmd.Args = usage.OneArgument("an ApiToken")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) }
	cmd.ValidArgsFunction = c.complete
	cmd.Flags().StringVar(&c.reason, "reason", "", "why, for the people who will read it in a year")
	cmd.Flags().BoolVarP(&c.yes, "yes", "y", false, "do not ask first; needed where there is no terminal")
	cmd.Flags().StringVar(&c.dryRun, "dry-run", dryRunNone,
		"none; client: create nothing; server: have the API server check it, and create nothing")
	c.output.AddFlags(cmd)
	return cmd
}

func (c *command) run(ctx context.Context, name string) error {
	printer, err := c.check()
	if err != nil {
		return err
	}
	namespace, _, err := c.cluster.Namespace()
	if err != nil {
		return err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return err
	}
	token, err := c.find(ctx, api, client.ObjectKey{Namespace: namespace, Name: name})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprint(c.streams.ErrOut, summary(token)); err != nil {
		return err
	}
	if err := c.confirm(); err != nil {
		return err
	}
	approval := newApproval(token, c.decision, c.reason)
	if c.dryRun != dryRunClient {
		if err := c.create(ctx, api, approval); err != nil {
			return err
		}
	}
	return printer.PrintObj(approval, c.streams.Out)
}

// find reads a token that a decision would count for.
func (c *command) find(ctx context.Context, api client.Client, key client.ObjectKey) (*v1alpha1.ApiToken, error) {
	token := &v1alpha1.ApiToken{}
	if err := api.Get(ctx, key, token); err != nil {
		return nil, fmt.Errorf("read the ApiToken %s (-n names its namespace): %w", key, err)
	}
	me, err := cluster.WhoAmI(ctx, api)
	if err != nil {
		return nil, err
	}
	return token, obstacle(token, c.decision, me.User)
}

// check looks at the flags.
func (c *command) check() (printers.ResourcePrinter, error) {
	template := "%s"
	switch c.dryRun {
	case dryRunNone:
	case dryRunClient:
		template = "%s (dry run)"
	case dryRunServer:
		template = "%s (server dry run)"
	default:
		return nil, usage.Errorf("--dry-run is %q; none, client or server is needed", c.dryRun)
	}
	if n := utf8.RuneCountInString(c.reason); n > maxReason {
		return nil, usage.Errorf("--reason is %d characters long; at most %d are possible", n, maxReason)
	}
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	if err := c.output.Complete(template); err != nil {
		return nil, err
	}
	printer, err := c.output.WithTypeSetter(scheme).ToPrinter()
	if err != nil {
		return nil, usage.Errorf("--output: %w", err)
	}
	return printer, nil
}
