// SPDX-License-Identifier: Apache-2.0

// Package cani is the command `kubectl apitoken can-i`: it asks a TokenPolicy, in a cluster or in a file, about a token
// that need not exist. Its files: the token asked about (token), what the answer depends on (gather,
// from a cluster in online, without one in offline; requester, assume, older), and the output (print).
package cani

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/declare"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// What the command returns beside nil (permitted) and wrong usage.
var (
	// ErrNotPermitted: the answer was printed, and is no.
	ErrNotPermitted = errors.New("not permitted")
	// ErrNotKnown: the answer was printed, and is that it is not known.
	ErrNotKnown = errors.New("not known")
	// ErrNoAnswer is what an error wraps that stood in the way of an answer.
	ErrNoAnswer = errors.New("no answer")
)

type command struct {
	options

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	now     clock.PassiveClock
}

// NewCommand makes the command. now is when the token would be declared.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{cluster: connection, streams: streams, now: now}
	cmd := &cobra.Command{
		Use:                   "can-i (--policy NAMESPACE/NAME --owner USER --scopes SCOPES | -f FILE) [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "Say whether a policy permits a token, and what each of its rules says",
		Long:                  long,
		Example:               examples,
		Args:                  usage.NoArguments,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	c.addFlags(cmd.Flags())
	declare.AddCompletion(cmd)
	complete.Flag(cmd, "policy", complete.Policies(connection))
	return cmd
}

func (c *command) run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	found, err := c.answer(ctx)
	switch {
	case err == nil:
	case errors.Is(err, cli.ErrUsage), errors.Is(err, review.ErrPolicy):
		return err
	default:
		return fmt.Errorf("%w: %w", ErrNoAnswer, err)
	}
	if err := c.print(found); err != nil {
		return err
	}
	switch found.Answer {
	case review.Yes:
		return nil
	case review.No:
		return ErrNotPermitted
	case review.Unknown:
	}
	return ErrNotKnown
}

func (c *command) answer(ctx context.Context) (*review.Review, error) {
	g, err := c.gather(ctx)
	if err != nil {
		return nil, err
	}
	found, err := review.Of(g.facts)
	switch {
	case errors.Is(err, review.ErrPolicy) && c.policyFile != "":
		return nil, usage.Errorf("--policy-file %s: %w", c.policyFile, err)
	case errors.Is(err, review.ErrToken):
		return nil, usage.Errorf("%w", err)
	case err != nil:
		return nil, fmt.Errorf("policy %s/%s: %w", g.facts.Policy.Namespace, g.facts.Policy.Name, err)
	}
	found.Notes = g.notes.about(found, g.facts.Policy)
	return found, nil
}
