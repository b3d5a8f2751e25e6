// SPDX-License-Identifier: Apache-2.0

package act

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// Command is what the commands that do something with several tokens have in common: which tokens, and how it is done.
type Command struct {
	Selection *selection.Flags
	Wait      time.Duration
	Output    *output.Flags

	Cluster *cluster.Connection
	Streams genericiooptions.IOStreams
	Ask     *ask.Asker
	Now     clock.PassiveClock
	API     client.Client // once Connect was called
}

// New makes the common part of a command that says of each token what was done (revoked).
func New(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock, done string) Command {
	return Command{
		Selection: selection.New(connection), Output: output.New(done), Cluster: connection, Streams: streams,
		Ask: ask.New(streams), Now: now,
	}
}

// Words are what a command says of its common flags: what --wait waits for, when --yes is needed, what a dry run does not do.
type Words struct{ Wait, Yes, DryRun string }

// Complete gives a command what is common: flags (with those of its own amid), completion (of the tokens for which is says yes;
// nil: all), and what it runs.
func (c *Command) Complete(
	cmd *cobra.Command, words Words, is func(*v1alpha1.ApiToken) bool, own func(*pflag.FlagSet),
	run func(context.Context, []string) error,
) *cobra.Command {
	cmd.DisableFlagsInUseLine = true
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return run(cmd.Context(), args) }
	cmd.ValidArgsFunction = complete.Tokens(c.Cluster, true, is)
	fs := cmd.Flags()
	fs.SortFlags = false
	c.Selection.AddFlags(fs)
	if own != nil {
		own(fs)
	}
	await.AddFlag(fs, &c.Wait, words.Wait)
	fs.BoolVarP(&c.Ask.Yes, "yes", "y", false, "do not ask first"+words.Yes+"; needed where there is no terminal")
	c.Output.AddFlags(cmd, words.DryRun)
	complete.Flag(cmd, "policy", complete.Policies(c.Cluster))
	return cmd
}

// Connect checks the common flags and connects to the cluster. The printer is for what was done.
func (c *Command) Connect() (printer printers.ResourcePrinter, err error) {
	if c.Wait < 0 {
		return nil, usage.Errorf("--wait is %s; a time above 0 is needed, such as 2m", c.Wait)
	}
	if printer, err = c.Output.Printer(); err != nil {
		return nil, err
	}
	c.API, err = c.Cluster.Client()
	return printer, err
}
