// SPDX-License-Identifier: Apache-2.0

// Package list is the command `kubectl apitoken list`. Its files: which tokens are asked for (filter, times), in which order
// (sort), and the output (table).
package list

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// The forms of output that are not all kubectl's.
const (
	outputTable = "table"
	outputWide  = "wide"
	outputName  = "name"
)

type command struct {
	selection *selection.Flags
	filters   filters
	sortBy    string
	noHeaders bool
	print     *genericclioptions.PrintFlags

	cluster *cluster.Connection
	streams genericiooptions.IOStreams
	now     clock.PassiveClock
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams, now clock.PassiveClock) *cobra.Command {
	c := &command{selection: selection.New(connection), cluster: connection, streams: streams, now: now}
	cmd := &cobra.Command{
		Use:                   "list [-n NAMESPACE | -A] [--owner USER] [--policy NAMESPACE/NAME] [--state STATE] [flags]",
		Aliases:               []string{"ls"},
		DisableFlagsInUseLine: true,
		Short:                 "List tokens by owner, state, scope, age, expiry or last use",
		Long:                  long,
		Example:               examples,
		Args:                  usage.NoArguments,
		RunE:                  func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	c.selection.AddFlags(fs)
	c.filters.addFlags(fs)
	fs.StringVar(&c.sortBy, "sort-by", "name", "name, owner, policy, created, expires, last-used or requests")
	fs.BoolVar(&c.noHeaders, "no-headers", false, "leave the first line of the table out")
	c.print = genericclioptions.NewPrintFlags("")
	c.print.AddFlags(cmd)
	fs.Lookup("output").Usage = "table, wide, or as in kubectl: json, yaml, name, jsonpath=…, go-template=…"
	complete.Flag(cmd, "policy", complete.Policies(connection))
	complete.Flag(cmd, "scope", complete.Scopes())
	complete.Flag(cmd, "state", complete.Words(tokens.States...))
	complete.Flag(cmd, "reason", complete.Words(tokens.Reasons()...))
	complete.Flag(cmd, "sort-by", complete.Words(orderNames...))
	return cmd
}

func (c *command) run(ctx context.Context) error {
	if err := checkOrder(c.sortBy); err != nil {
		return err
	}
	printer, err := c.printer()
	if err != nil {
		return err
	}
	matches, err := c.filters.matcher(c.now.Now())
	if err != nil {
		return err
	}
	selected, err := c.selection.Selection()
	if err != nil {
		return err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return err
	}
	var found []*v1alpha1.ApiToken
	err = selected.Each(ctx, api, func(t *v1alpha1.ApiToken) error {
		if matches(t) {
			t.ManagedFields = nil // half of a token's size, and nobody reads it
			kept := *t            // on its own: the page that it came in can go
			found = append(found, &kept)
		}
		return nil
	})
	if err != nil {
		return err
	}
	sortTokens(found, c.sortBy)
	switch {
	case printer == nil:
		return c.printTable(found, selected.Namespace)
	case *c.print.OutputFormat == outputName: // which kubectl's printer does for no list of ours
		for _, t := range found {
			if err := printer.PrintObj(t, c.streams.Out); err != nil {
				return err
			}
		}
		return nil
	}
	return printer.PrintObj(listOf(found), c.streams.Out)
}

// printer is kubectl's; nil: the table is asked for.
func (c *command) printer() (printers.ResourcePrinter, error) {
	switch *c.print.OutputFormat {
	case "", outputTable, outputWide:
		return nil, nil //nolint:nilnil // the table is our own
	}
	scheme, err := cluster.Scheme()
	if err != nil {
		return nil, err
	}
	printer, err := c.print.WithTypeSetter(scheme).ToPrinter()
	if err != nil {
		if genericclioptions.IsNoCompatiblePrinterError(err) {
			err = errors.New("table, wide, json, yaml, name, jsonpath=… or go-template=… is needed")
		}
		return nil, usage.Errorf("--output is %q; %w", *c.print.OutputFormat, err)
	}
	return printer, nil
}

func (c *command) printTable(found []*v1alpha1.ApiToken, namespace string) error {
	if len(found) == 0 {
		where := "in namespace " + namespace
		if namespace == "" {
			where = "in any namespace"
		}
		_, err := fmt.Fprintf(c.streams.ErrOut, "No such ApiTokens %s.\n", where)
		return err
	}
	return printTable(c.streams.Out, found, c.now.Now(), namespace == "", *c.print.OutputFormat == outputWide, !c.noHeaders)
}

// listOf is a list as the API server would give it.
func listOf(found []*v1alpha1.ApiToken) runtime.Object {
	list := &v1alpha1.ApiTokenList{Items: make([]v1alpha1.ApiToken, len(found))}
	for i, t := range found {
		list.Items[i] = *t
		list.Items[i].SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ApiToken"))
	}
	return list
}
