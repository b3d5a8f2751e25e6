// SPDX-License-Identifier: Apache-2.0

// Package kubectlapitoken is the kubectl plugin `kubectl apitoken`. Each command has a package of its own beside this
// file; package cluster is what they share to speak to a cluster as kubectl does.
package kubectlapitoken

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/approve"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cani"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/create"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/describe"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/follow"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/list"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/personal"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/revoke"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/rotate"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/scopes"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/suspend"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/verify"
)

const long = `Work with ApiTokens: limited, revocable tokens for Jira's REST API.

Tokens are declared as YAML, by GitOps tools, kubectl apply or this plugin's create. It also lists,
explains, rotates, suspends and revokes them, asks a TokenPolicy before a token is declared, approves
tokens, tries one from here, and lists who still uses passwords instead.

Each command takes kubectl's own flags too (see kubectl options).

Exit codes of all commands: 0 done; 1 not done (can-i: not permitted); 2 wrong usage; 3 not known, or
done in part; 4 refused; 5 not found; 6 not done in time.`

// shownFlags are those of kubectl's own flags that help shows.
var shownFlags = []string{"namespace", "context", "kubeconfig", "as", "as-group"}

// NewCommand makes the command with all below it. now is for what the commands say of expiry.
func NewCommand(streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	command := &cobra.Command{
		Use:           "kubectl-apitoken",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl apitoken"},
		Short:         "Work with ApiTokens for Jira",
		Long:          long,
		Args:          noSuchCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true, // Run prints them
		SilenceUsage:  true,
	}
	command.SetIn(streams.In)
	command.SetOut(streams.Out)
	command.SetErr(streams.ErrOut)
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage.Errorf("%w", err) })
	connection := cluster.New(addKubectlFlags(command.PersistentFlags()), streams.ErrOut)
	command.AddCommand(
		create.NewCommand(connection, streams, now),
		list.NewCommand(connection, streams, now),
		describe.NewCommand(connection, streams, now),
		follow.NewCommand(connection, streams, now),
		rotate.NewCommand(connection, streams, now),
		suspend.NewSuspendCommand(connection, streams, now),
		suspend.NewResumeCommand(connection, streams, now),
		revoke.NewCommand(connection, streams, now),
		verify.NewCommand(connection, streams, now),
		cani.NewCommand(connection, streams, now),
		approve.NewApproveCommand(connection, streams),
		approve.NewDenyCommand(connection, streams),
		scopes.NewCommand(connection, streams),
		personal.NewCommand(connection, streams),
		newVersionCommand(),
	)
	complete.Flag(command, "namespace", complete.Namespaces(connection))
	return command
}

func addKubectlFlags(fs *pflag.FlagSet) *genericclioptions.ConfigFlags {
	flags := genericclioptions.NewConfigFlags(true)
	flags.CacheDir = nil // nothing is kept between commands
	flags.AddFlags(fs)
	fs.VisitAll(func(f *pflag.Flag) { f.Hidden = !slices.Contains(shownFlags, f.Name) })
	return flags
}

// noSuchCommand is reached with arguments only if the first is no command.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	names := make([]string, 0, len(c.Commands()))
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return usage.Errorf("there is no command %q; there are %s", args[0], strings.Join(names, ", "))
}
