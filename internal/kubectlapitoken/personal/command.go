// SPDX-License-Identifier: Apache-2.0

// Package personal is the command `kubectl apitoken usage`: it asks each gateway of a policy who still uses what personal
// credentials. Its files: which gateways there are (pods), how one is asked (forward), all of them put together (gather),
// and the output (print).
package personal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// ErrIncomplete says that the answer was printed, and does not have what some gateways know.
var ErrIncomplete = errors.New("incomplete")

var outcomes = []string{"audit", "refused", "exempt", "allowed"}

type command struct {
	policy   string
	outcomes []string
	output   string

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams) *cobra.Command {
	c := &command{cluster: connection, streams: streams}
	cmd := &cobra.Command{
		Use:                   "usage --policy NAMESPACE/NAME [--outcome OUTCOME] [flags]",
		DisableFlagsInUseLine: true,
		Short:                 "List who still uses passwords, sessions and Jira's own tokens",
		Long:                  long,
		Example:               examples,
		Args:                  usage.NoArguments,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&c.policy, "policy", "", "policy whose gateways to ask, as namespace/name")
	flags.StringSliceVar(&c.outcomes, "outcome", nil, "list only what was audit, refused, exempt or allowed; can be repeated")
	flags.StringVarP(&c.output, "output", "o", outputTable, "table, json or yaml")
	return cmd
}

func (c *command) run(ctx context.Context) error {
	policy, err := c.check()
	if err != nil {
		return err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return err
	}
	pods, err := listPods(ctx, api, policy)
	if err != nil {
		return err
	}
	config, err := c.cluster.RESTConfig()
	if err != nil {
		return err
	}
	found, err := gather(ctx, pods, func(ctx context.Context, p *pod) (report, error) { return ask(ctx, config, p) })
	if err != nil {
		return err
	}
	found.Policy = policy.String()
	found.keep(c.outcomes)
	if err := c.print(found); err != nil {
		return err
	}
	if len(found.Missing) > 0 {
		return ErrIncomplete
	}
	return nil
}

func (c *command) check() (types.NamespacedName, error) {
	var none types.NamespacedName
	switch {
	case c.policy == "":
		return none, usage.Errorf("--policy is needed, as namespace/name, such as jira-gateway/jira")
	case !slices.Contains([]string{outputTable, outputJSON, outputYAML}, c.output):
		return none, usage.Errorf("--output is %q; table, json or yaml is needed", c.output)
	}
	for _, outcome := range c.outcomes {
		if !slices.Contains(outcomes, outcome) {
			return none, usage.Errorf("--outcome is %q; %s is needed", outcome, fmt.Sprintf("%s or %s",
				strings.Join(outcomes[:len(outcomes)-1], ", "), outcomes[len(outcomes)-1]))
		}
	}
	return usage.PolicyName(c.policy)
}
