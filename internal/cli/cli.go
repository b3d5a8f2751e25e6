// SPDX-License-Identifier: Apache-2.0

// Package cli holds what the project's programs have in common on the command line: flags, log, version, exit.
package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/pflag"
)

// ErrUsage is what an error of wrong flags wraps. The program then ends with exit code 2.
var ErrUsage = errors.New("wrong usage")

// Version is the release; it is set with -ldflags '-X github.com/jiratokens/jira-token-operator/internal/cli.release=v1.2.3'.
// Without it, it is the commit that the program was built from.
func Version() string {
	if release != "" {
		return release
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return info.Main.Version
}

var release string

// NewFlagSet makes a set of flags in the order of their declaration. intro is the help's text before them.
func NewFlagSet(program, intro string, out io.Writer) *pflag.FlagSet {
	fs := pflag.NewFlagSet(program, pflag.ContinueOnError)
	fs.SetOutput(out)
	fs.SortFlags = false
	fs.Usage = func() { _, _ = fmt.Fprintf(out, "%s\n\nFlags:\n%s\n", intro, fs.FlagUsagesWrapped(100)) }
	return fs
}

// Parse parses arguments, of which none may be left over.
func Parse(fs *pflag.FlagSet, args []string) error {
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return nil
}

// Exit ends the program with what its run returned: 0, 2 for wrong usage, or 1.
func Exit(program string, err error) {
	switch {
	case err == nil:
		os.Exit(0)
	case errors.Is(err, ErrUsage):
		fmt.Fprintf(os.Stderr, "%s: %v\n%s: see %s --help\n", program, err, program, program)
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(1)
	}
}
