// SPDX-License-Identifier: Apache-2.0

package kubectlapitoken

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cani"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/personal"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// wholeToken is one, wherever in a text.
var wholeToken = regexp.MustCompile(token.Pattern)

// Run runs the plugin with its arguments (without the program's name) and returns its exit code. now is when tokens would
// be declared. A token among the arguments goes nowhere: not into a message, nor as a name or label to the API server.
func Run(ctx context.Context, args []string, streams genericiooptions.IOStreams, now clock.PassiveClock) int {
	if slices.ContainsFunc(args, wholeToken.MatchString) {
		_, _ = fmt.Fprintln(streams.ErrOut, "error: an argument has a token in it. If that works, it is in your shell's history now: "+
			"revoke it (kubectl apitoken revoke --stdin), and give tokens on standard input")
		return exit.Usage
	}
	command := NewCommand(streams, now) //nolint:contextcheck // showing help takes no context
	command.SetArgs(args)
	ran, err := command.ExecuteContextC(ctx)
	code := exitCode(err)
	text := ""
	if err != nil {
		text = oneline.Printable(err.Error()) // it may repeat what tenants have written
	}
	_, said := exit.CodeOf(err)
	switch {
	case err == nil, said,
		errors.Is(err, cani.ErrNotPermitted), errors.Is(err, cani.ErrNotKnown), errors.Is(err, personal.ErrIncomplete):
		// The answer has been printed.
	case code == exit.Usage:
		_, _ = fmt.Fprintf(streams.ErrOut, "error: %s\nSee %s --help\n", text, ran.CommandPath())
	default:
		_, _ = fmt.Fprintf(streams.ErrOut, "error: %s\n", text)
	}
	return code
}

func exitCode(err error) int {
	code, _ := exit.CodeOf(err)
	switch {
	case err == nil:
		return exit.OK
	case errors.Is(err, cli.ErrUsage):
		return exit.Usage
	case code != 0:
		return code
	case errors.Is(err, cani.ErrNotKnown), errors.Is(err, cani.ErrNoAnswer), errors.Is(err, personal.ErrIncomplete):
		return exit.Incomplete
	}
	return exit.Failed
}
