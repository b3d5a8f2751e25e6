// SPDX-License-Identifier: Apache-2.0

// Package verify is the command `kubectl apitoken verify`: it tries a token from here. Its files: which token and where it
// is sent (subject), the one request (call), and what the answer means (answer, trouble).
package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// defaultTimeout is how long an answer may take.
const defaultTimeout = 15 * time.Second

type command struct {
	secret, url, policy, owner, caFile string
	offline                            bool
	timeout                            time.Duration

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	ask     *ask.Asker
	now     clock.PassiveClock
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{cluster: connection, streams: streams, ask: ask.New(streams), now: now}
	cmd := &cobra.Command{
		Use:                   "verify (--secret NAME | --url URL | --policy NAMESPACE/NAME | --offline) [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "Try a token from here, and say why it does not work",
		Long:                  long,
		Example:               examples,
		Args:                  noToken,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVar(&c.secret, "secret", "", "Secret with the token, its owner and the URL; else the token is read from standard input")
	fs.StringVar(&c.url, "url", "", "URL of the gateway with Jira's context path, such as https://jira.example/jira")
	fs.StringVar(&c.policy, "policy", "", "policy that says the URL (spec.jira.publicURL), as namespace/name")
	fs.StringVar(&c.owner, "owner", "", "Jira user that the token must act as; with --secret, that says it")
	fs.StringVar(&c.caFile, "ca-file", "", "certificates (PEM) of the authorities that may certify the gateway, beside the system's")
	fs.BoolVar(&c.offline, "offline", false, "check the token's form and checksum only, and send it nowhere")
	fs.DurationVar(&c.timeout, "timeout", defaultTimeout, "how long an answer may take")
	complete.Flag(cmd, "policy", complete.Policies(connection))
	return cmd
}

// noToken refuses arguments without repeating them: one may be the token.
func noToken(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage.Errorf("unexpected argument: this command has flags only. If that was the token, it is in your shell's history " +
			"now: revoke it, and give tokens on standard input")
	}
	return nil
}

func (c *command) run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	s, err := c.subject(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.streams.Out, "Token %s: its form and checksum are right.\n", s.token)
	if c.offline {
		return nil
	}
	verdict, err := c.try(ctx, s)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.streams.Out, oneline.Printable(verdict.says))
	if verdict.code != exit.OK {
		return exit.Quietly(verdict.code)
	}
	return nil
}

func (c *command) check() error {
	switch {
	case c.offline && (c.url != "" || c.policy != "" || c.caFile != ""):
		return usage.Errorf("--offline sends the token nowhere: leave --url, --policy and --ca-file out")
	case c.url != "" && c.policy != "":
		return usage.Errorf("--url and --policy are two places: name one")
	case c.secret == "" && c.url == "" && c.policy == "" && !c.offline:
		return usage.Errorf("where does the token work? --secret names a Secret that says it, --url the gateway, or --policy its " +
			"policy")
	case c.timeout <= 0:
		return usage.Errorf("--timeout is %s; a time above 0 is needed, such as 15s", c.timeout)
	}
	return nil
}
