// SPDX-License-Identifier: Apache-2.0

// Package output is how commands that write objects print them, and whether they write at all: --output and --dry-run, as
// kubectl has them.
package output

import (
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// The values of --dry-run.
const (
	DryRunNone   = "none"
	DryRunClient = "client"
	DryRunServer = "server"
)

// Flags are --output and --dry-run.
type Flags struct {
	DryRun string
	print  *genericclioptions.PrintFlags
}

// New makes flags for a command that has done the operation (created, annotated) with what it prints.
func New(operation string) *Flags {
	return &Flags{DryRun: DryRunNone, print: genericclioptions.NewPrintFlags(operation)}
}

// AddFlags adds them to a command. what says what is not done in a dry run.
func (f *Flags) AddFlags(cmd *cobra.Command, what string) {
	cmd.Flags().StringVar(&f.DryRun, "dry-run", DryRunNone,
		fmt.Sprintf("none; client: %s nothing; server: only have it checked", what))
	f.print.AddFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("dry-run", cobra.FixedCompletions(
		[]cobra.Completion{DryRunNone, DryRunClient, DryRunServer}, cobra.ShellCompDirectiveNoFileComp))
}

// Operation replaces what the command has done, where that depends on its flags.
func (f *Flags) Operation(done string) { f.print.NamePrintFlags.Operation = done }

// Format is what -o says; empty: a line an object.
func (f *Flags) Format() string { return *f.print.OutputFormat }

// Writes tells whether anything is written: this is no dry run.
func (f *Flags) Writes() bool { return f.DryRun == DryRunNone }

// Sends tells whether the API server is asked to write, be it in a dry run.
func (f *Flags) Sends() bool { return f.DryRun != DryRunClient }

// Printer checks the flags.
func (f *Flags) Printer() (printers.ResourcePrinter, error) {
	template := "%s"
	switch f.DryRun {
	case DryRunNone:
	case DryRunClient:
		template = "%s (dry run)"
	case DryRunServer:
		template = "%s (server dry run)"
	default:
		return nil, usage.Errorf("--dry-run is %q; none, client or server is needed", f.DryRun)
	}
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	if err := f.print.Complete(template); err != nil {
		return nil, err
	}
	printer, err := f.print.WithTypeSetter(scheme).ToPrinter()
	if err != nil {
		return nil, usage.Errorf("--output: %w", err)
	}
	return printer, nil
}

// DryRunAll is for a client's writes; nil where they are meant.
func (f *Flags) dryRun() []string {
	if f.DryRun == DryRunServer {
		return []string{"All"}
	}
	return nil
}

// Create are the options of a client's Create.
func (f *Flags) Create() client.CreateOption {
	return &client.CreateOptions{DryRun: f.dryRun(), FieldManager: cluster.FieldManager}
}

// Patch are the options of a client's Patch.
func (f *Flags) Patch() client.PatchOption {
	return &client.PatchOptions{DryRun: f.dryRun(), FieldManager: cluster.FieldManager}
}

// Delete are the options of a client's Delete.
func (f *Flags) Delete() client.DeleteOption { return &client.DeleteOptions{DryRun: f.dryRun()} }
