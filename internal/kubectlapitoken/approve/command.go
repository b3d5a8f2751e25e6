// SPDX-License-Identifier: Apache-2.0

// Package approve is the commands `kubectl apitoken approve` and `deny`: they show what an ApiToken may do, and create the
// TokenApproval that decides on exactly that.
package approve

import (
	"context"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	decision v1alpha1.ApprovalDecision
	reason   string
	output   *output.Flags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	ask     *ask.Asker
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
		decision: decision, output: output.New("created"), cluster: connection, streams: streams, ask: ask.New(streams),
	}
	cmd.DisableFlagsInUseLine = true
	cmd.Args = usage.OneArgument("an ApiToken")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) }
	cmd.ValidArgsFunction = complete.Tokens(connection, false, waits)
	cmd.Flags().StringVar(&c.reason, "reason", "", "why, for the people who will read it in a year")
	cmd.Flags().BoolVarP(&c.ask.Yes, "yes", "y", false, "do not ask first; needed where there is no terminal")
	c.output.AddFlags(cmd, "create")
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
	if c.output.Sends() {
		if err := c.create(ctx, api, approval); err != nil {
			return err
		}
	}
	return printer.PrintObj(approval, c.streams.Out)
}

// find reads a token that a decision would count for.
func (c *command) find(ctx context.Context, api client.Client, key client.ObjectKey) (*v1alpha1.ApiToken, error) {
	token, err := selection.Get(ctx, api, key)
	if err != nil {
		return nil, err
	}
	me, err := cluster.WhoAmI(ctx, api)
	if err != nil {
		return nil, err
	}
	if err := obstacle(token, c.decision, me.User); err != nil {
		return nil, quote(ctx, api, token, err)
	}
	return token, nil
}

// check looks at the flags.
func (c *command) check() (printers.ResourcePrinter, error) {
	if n := utf8.RuneCountInString(c.reason); n > maxReason {
		return nil, usage.Errorf("--reason is %d characters long; at most %d are possible", n, maxReason)
	}
	return c.output.Printer()
}

// confirm asks whoever sits at the terminal, unless nothing is created or --yes was given.
func (c *command) confirm() error {
	if !c.output.Writes() {
		return nil
	}
	question := "Approve this?"
	if c.decision == v1alpha1.DecisionDeny {
		question = "Deny this?"
	}
	return c.ask.Confirm(question, "nothing was created")
}
