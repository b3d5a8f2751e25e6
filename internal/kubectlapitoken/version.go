// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this plugin",
		Long:    "Print the version of this plugin, and of Go. It asks no cluster.",
		Example: "  kubectl apitoken version",
		Args:    usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(c.OutOrStdout(), "kubectl-apitoken %s (%s)\n", cli.Version(), runtime.Version())
			return err
		},
	}
}
