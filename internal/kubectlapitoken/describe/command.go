// SPDX-License-Identifier: Apache-2.0

// Package describe is the command `kubectl apitoken describe`: all that is known of a token, for people. Its files: what is
// read beside the token (gather), and what is said of it (print, sections).
package describe

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

const long = `Show all that is known of an ApiToken: what it may do, under which rule of the policy and by whose
approval, its credentials and when they end, how it was used, what is wrong and what to do about it,
and its events. It shows no token and no hash.

It takes the right to get the apitoken. What else you may not read (the policy, its tokenapprovals, the
namespace's events) is left out, with a note that names the right. For scripts there is
kubectl get apitoken -o yaml.

Exit codes: 0 shown, 1 not shown, 2 wrong usage, 5 there is no such token.`

const examples = `  # Why does it not work?
  kubectl apitoken describe zapier -n marketing`

type command struct {
	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	now     clock.PassiveClock
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{cluster: connection, streams: streams, now: now}
	return &cobra.Command{
		Use:                   "describe NAME [-n NAMESPACE]",
		DisableFlagsInUseLine: true,
		Short:                 "Show all that is known of a token, and what to do about it",
		Long:                  long,
		Example:               examples,
		Args:                  usage.OneArgument("an ApiToken"),
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args[0]) },
		ValidArgsFunction:     complete.Tokens(connection, false, nil),
	}
}

func (c *command) run(ctx context.Context, name string) error {
	namespace, _, err := c.cluster.Namespace()
	if err != nil {
		return err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return err
	}
	token, err := selection.Get(ctx, api, client.ObjectKey{Namespace: namespace, Name: name})
	if err != nil {
		return err
	}
	return printers.WriteEscaped(c.streams.Out, text(gather(ctx, api, token), c.now.Now()))
}
