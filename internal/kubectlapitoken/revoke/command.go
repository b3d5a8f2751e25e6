// SPDX-License-Identifier: Apache-2.0

// Package revoke is the command `kubectl apitoken revoke`: it deletes ApiTokens, and with them their credentials. Its files:
// the tokens whose plaintext somebody has found (find, findsecret), those that a restored backup has brought back (restored,
// history), the policy's deny list, against Git (deny), and the hash Secrets, while the operator is down (now).
package revoke

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

type command struct {
	act.Command

	stdin, deny, immediately bool
	revokedIn                []string

	rest int // what --stdin or --revoked-in has found beside the targets, by which a token may be accepted
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{Command: act.New(connection, streams, now, "revoked")}
	return c.Complete(&cobra.Command{
		Use:     "revoke (NAME... | -l SELECTOR | --owner USER | --stdin | --revoked-in FILE) [--deny] [--now] [--yes] [flags]",
		Short:   "End tokens for good, by name, by owner, or by the token itself",
		Long:    long,
		Example: examples,
	}, act.Words{Wait: "wait until the operator has ended them", DryRun: "revoke"}, nil, c.addFlags, c.run)
}

func (c *command) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&c.stdin, "stdin", false, "the ApiTokens of the token on standard input, in any namespace unless -n says one")
	fs.StringArrayVar(&c.revokedIn, "revoked-in", nil,
		"after a restore: the ApiTokens that the manager's audit trail in this file (- for "+
			"standard input; may be repeated) says were revoked, and that are back; in any namespace unless -n says one")
	fs.BoolVar(&c.deny, "deny", false,
		"first add the tokens (with --owner: the owner) to the policy's spec.deny")
	fs.BoolVar(&c.immediately, "now", false, "also delete the hash Secrets, which works while the operator is down")
}

func (c *command) run(ctx context.Context, names []string) error {
	printer, err := c.check(names)
	if err != nil {
		return err
	}
	targets, err := c.targets(ctx, names)
	if c.deniesOwnerWithoutTokens(err) {
		return c.denyOwner(ctx)
	}
	if c.missesPolicy(err) {
		return exit.Errorf(exit.NotFound, "%w; nobody was denied: to deny %s in a policy all the same, name it with --policy "+
			"NAMESPACE/NAME", err, c.Selection.Owner)
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
	if c.Output.Writes() {
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
	err = act.OnEach(ctx, targets, c.Streams.ErrOut, func(t *v1alpha1.ApiToken) error { return c.revoke(ctx, t, printer) })
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
	case found && (len(names) > 0 || c.Selection.Selects()):
		return nil, usage.Errorf("--stdin can't go with names, -l, --owner and --policy: the token itself says which one is meant")
	case restored && (len(names) > 0 || c.Selection.Selects()):
		return nil, usage.Errorf("--revoked-in can't go with names, -l, --owner and --policy: the audit trail says which are meant")
	case !found && !restored:
		if err := c.Selection.CheckTargets(names); err != nil {
			return nil, err
		}
	}
	return c.Connect()
}

func (c *command) targets(ctx context.Context, names []string) ([]*v1alpha1.ApiToken, error) {
	switch {
	case len(c.revokedIn) > 0:
		return c.restored(ctx)
	case !c.stdin:
		return c.Selection.Targets(ctx, c.API, names)
	}
	plaintext, err := c.Ask.Token()
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
	if flag != "" && !c.Ask.Yes && !c.Ask.Terminal() {
		return usage.Errorf("--yes is needed with %s, which can't be asked: --dry-run=server shows what would be revoked", flag)
	}
	return c.Ask.Confirm(question, "nothing was revoked")
}
