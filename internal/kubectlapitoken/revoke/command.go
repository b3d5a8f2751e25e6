// SPDX-License-Identifier: Apache-2.0

// Package revoke is the command `kubectl apitoken revoke`: it deletes ApiTokens, and with them their credentials. Its files:
// the tokens whose plaintext somebody has found (find, findsecret), those that a restored backup has brought back (restored,
// history), the policy's deny list, against Git (deny), and the hash Secrets, while the operator is down (now).
package revoke

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	selection                *selection.Flags
	stdin, deny, immediately bool
	revokedIn                []string
	wait                     time.Duration
	output                   *output.Flags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	ask     *ask.Asker
	now     clock.PassiveClock
	api     client.Client
	rest    int // what --stdin or --revoked-in has found beside the targets, by which a token may be accepted
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{
		selection: selection.New(connection), output: output.New("revoked"), cluster: connection, streams: streams,
		ask: ask.New(streams), now: now,
	}
	cmd := &cobra.Command{
		Use:                   "revoke (NAME... | -l SELECTOR | --owner USER | --stdin | --revoked-in FILE) [--deny] [--now] [--yes] [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "End tokens for good, by name, by owner, or by the token itself",
		Long:                  long,
		Example:               examples,
		RunE:                  func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
		ValidArgsFunction:     complete.Tokens(connection, true, nil),
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	c.selection.AddFlags(fs)
	fs.BoolVar(&c.stdin, "stdin", false, "the ApiTokens of the token on standard input, in any namespace unless -n says one")
	fs.StringArrayVar(&c.revokedIn, "revoked-in", nil, "after a restore: the ApiTokens that the manager's audit trail in this file (- "+
		"for standard input; may be repeated) says were revoked, and that are back; in any namespace unless -n says one")
	fs.BoolVar(&c.deny, "deny", false,
		"first add the tokens (with --owner: the owner) to the policy's spec.deny")
	fs.BoolVar(&c.immediately, "now", false, "also delete the hash Secrets, which works while the operator is down")
	await.AddFlag(fs, &c.wait, "wait until the operator has ended them")
	fs.BoolVarP(&c.ask.Yes, "yes", "y", false, "do not ask first; needed where there is no terminal")
	c.output.AddFlags(cmd, "revoke")
	complete.Flag(cmd, "policy", complete.Policies(connection))
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
	targets, err := c.targets(ctx, names)
	if c.deniesOwnerWithoutTokens(err) {
		return c.denyOwner(ctx)
	}
	if c.missesPolicy(err) {
		return exit.Errorf(exit.NotFound, "%w; nobody was denied: to deny %s in a policy all the same, name it with --policy "+
			"NAMESPACE/NAME", err, c.selection.Owner)
	}
	if err != nil {
		return err
	}
	if len(targets) == 0 { // nothing of --revoked-in is back
		return c.restError()
	}
	if err := c.summarise(targets); err != nil {
		return err
	}
	if c.output.Writes() {
		question := fmt.Sprintf("Revoke %s for good?", show.Count(len(targets), "token"))
		if err := c.confirm(question); err != nil {
			return err
		}
	}
	if c.deny {
		if err := c.denyAll(ctx, targets); err != nil {
			return err
		}
	}
	err = act.OnEach(ctx, targets, c.streams.ErrOut, func(t *v1alpha1.ApiToken) error { return c.revoke(ctx, t, printer) })
	if err != nil {
		return err
	}
	return c.restError()
}

func (c *command) check(names []string) (printers.ResourcePrinter, error) {
	found, restored := c.stdin, len(c.revokedIn) > 0
	switch {
	case found && restored:
		return nil, usage.Errorf("--stdin and --revoked-in can't go together: the one takes a token, the other an audit trail")
	case found && (len(names) > 0 || c.selection.Selects()):
		return nil, usage.Errorf("--stdin can't go with names, -l, --owner and --policy: the token itself says which one is meant")
	case restored && (len(names) > 0 || c.selection.Selects()):
		return nil, usage.Errorf("--revoked-in can't go with names, -l, --owner and --policy: the audit trail says which are meant")
	case c.wait < 0:
		return nil, usage.Errorf("--wait is %s; a time above 0 is needed, such as 2m", c.wait)
	case !found && !restored:
		if err := c.selection.CheckTargets(names); err != nil {
			return nil, err
		}
	}
	return c.output.Printer()
}

func (c *command) targets(ctx context.Context, names []string) ([]*v1alpha1.ApiToken, error) {
	switch {
	case len(c.revokedIn) > 0:
		return c.restored(ctx)
	case !c.stdin:
		return c.selection.Targets(ctx, c.api, names)
	}
	plaintext, err := c.ask.Token()
	if err != nil {
		return nil, err
	}
	return c.find(ctx, plaintext)
}

// confirm can't ask where standard input has been the token or the audit trail.
func (c *command) confirm(question string) error {
	flag := ""
	switch {
	case c.stdin:
		flag = "--stdin"
	case slices.Contains(c.revokedIn, audittrail.Stdout):
		flag = "--revoked-in -"
	}
	if flag != "" && !c.ask.Yes && !c.ask.Terminal() {
		return usage.Errorf("--yes is needed with %s, which can't be asked: --dry-run=server shows what would be revoked", flag)
	}
	return c.ask.Confirm(question, "nothing was revoked")
}
