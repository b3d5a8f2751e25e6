// SPDX-License-Identifier: Apache-2.0

// Package usage says what is wrong with how a command was called: the plugin then ends with exit code 2.
package usage

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/cli"
)

// Errorf makes an error of wrong usage. Its text names the flag or field, what was wrong and what would be right.
func Errorf(format string, args ...any) error {
	return fmt.Errorf("%w: %w", cli.ErrUsage, fmt.Errorf(format, args...))
}

// NoArguments is for a command that has flags only.
func NoArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Errorf("unexpected argument %q: this command has flags only", args[0])
	}
	return nil
}

// OneArgument is for a command that takes one name of something.
func OneArgument(of string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || args[0] == "" {
			return Errorf("exactly one argument is needed, the name of %s; there are %d", of, len(args))
		}
		return nil
	}
}

// PolicyName reads what --policy names.
func PolicyName(text string) (types.NamespacedName, error) { return PolicyNameOf("--policy", text) }

// PolicyNameOf reads what another flag names.
func PolicyNameOf(flag, text string) (types.NamespacedName, error) {
	namespace, name, _ := strings.Cut(text, "/")
	if namespace == "" || name == "" || strings.Contains(name, "/") {
		return types.NamespacedName{}, Errorf("%s is %q; namespace/name is needed, such as jira-gateway/jira", flag, text)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}
