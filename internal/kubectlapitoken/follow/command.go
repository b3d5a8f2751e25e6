// SPDX-License-Identifier: Apache-2.0

// Package follow is the command `kubectl apitoken watch`: it prints what happens to tokens, a line each. Its files: what
// happened between two looks at a token (changes), the stream of looks (stream), and the output.
package follow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// The forms of output.
const (
	outputText = "text"
	outputJSON = "json"
)

type command struct {
	selection *selection.Flags
	events    []string
	output    string
	timeout   time.Duration

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	now     clock.PassiveClock
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{selection: selection.New(connection), cluster: connection, streams: streams, now: now}
	cmd := &cobra.Command{
		Use:                   "watch [-n NAMESPACE | -A] [--owner USER] [--policy NAMESPACE/NAME] [--event EVENT] [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "Print what happens to tokens, as it happens",
		Long:                  long,
		Example:               examples,
		Args:                  usage.NoArguments,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	c.selection.AddFlags(fs)
	fs.StringSliceVar(&c.events, "event", nil, "only these events: "+strings.Join(events, ", "))
	fs.StringVarP(&c.output, "output", "o", outputText, "text, or json: an object a line")
	fs.DurationVar(&c.timeout, "timeout", 0, "end after this time, such as 1h; 0: never")
	complete.Flag(cmd, "policy", complete.Policies(connection))
	complete.Flag(cmd, "event", complete.Words(events...))
	complete.Flag(cmd, "output", complete.Words(outputText, outputJSON))
	return cmd
}

func (c *command) run(ctx context.Context) error {
	switch {
	case c.output != outputText && c.output != outputJSON:
		return usage.Errorf("--output is %q; text or json is needed", c.output)
	case c.timeout < 0:
		return usage.Errorf("--timeout is %s; a time above 0 is needed, such as 1h, or 0 for no end", c.timeout)
	}
	for _, event := range c.events {
		if !slices.Contains(events, event) {
			return usage.Errorf("--event is %q; one or more of %s are needed", event, strings.Join(events, ", "))
		}
	}
	selected, err := c.selection.Selection()
	if err != nil {
		return err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return err
	}
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	return c.stream(ctx, api, selected)
}

// print writes the changes that are asked for.
func (c *command) print(list []change) error {
	for i := range list {
		line := &list[i]
		if len(c.events) > 0 && !slices.Contains(c.events, line.Event) {
			continue
		}
		if c.output == outputJSON {
			encoded, err := json.Marshal(line)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(c.streams.Out, "%s\n", encoded); err != nil {
				return err
			}
			continue
		}
		_, err := fmt.Fprintf(c.streams.Out, "%s  %-16s  %s/%s  %s\n", line.Time, line.Event, line.Namespace, line.Name, line.Message)
		if err != nil {
			return err
		}
	}
	return nil
}
