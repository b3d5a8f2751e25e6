// SPDX-License-Identifier: Apache-2.0

// Package scopes is the command `kubectl apitoken scopes`: it lists the scopes, or says which one a request needs. It asks
// a cluster only for a policy that is named.
package scopes

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

const long = `List the scopes that an ApiToken can have, or say which one a request needs.

The answer is that of this program's catalogue; with --policy or --policy-file, of that
policy's own operations (spec.scopes) too. A gateway of another version may know others.

Exit codes of a question: 0 a token can reach it, 1 none can, 2 wrong usage.`

const example = `  # The scopes
  kubectl apitoken scopes

  # Which scope does this request need?
  kubectl apitoken scopes --method POST --path /rest/api/2/issue/DEMO-1/comment

  # Which operations does a scope reach?
  kubectl apitoken scopes --scope write:comment

  # The same question, where the policy lists operations of its own apps
  kubectl apitoken scopes --policy jira-gateway/jira --path /rest/rota/1.0/shift/7`

type options struct {
	cluster *cluster.Connection
	streams genericiooptions.IOStreams

	method, path, scope, policy, policyFile string
}

// NewCommand makes the command.
func NewCommand(connection *cluster.Connection, streams genericiooptions.IOStreams) *cobra.Command {
	o := options{cluster: connection, streams: streams}
	command := &cobra.Command{
		Use: "scopes [--path PATH [--method METHOD] | --scope SCOPE] [--policy NAMESPACE/NAME]", DisableFlagsInUseLine: true,
		Short: "List scopes, or say which one a request needs", Long: long, Example: example, Args: usage.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	flags := command.Flags()
	flags.StringVar(&o.method, "method", "", "method of the request (default GET)")
	flags.StringVar(&o.path, "path", "", "path of the request below Jira's context path; a query may follow")
	flags.StringVar(&o.scope, "scope", "", "list the operations of the catalogue that this scope reaches")
	flags.StringVar(&o.policy, "policy", "", "with --path or --scope: heed this policy's operations, as namespace/name")
	flags.StringVar(&o.policyFile, "policy-file", "", "the same for the policy in this file (- is standard input)")
	return command
}

func (o *options) run(c *cobra.Command) error {
	switch {
	case o.path != "" && o.scope != "":
		return usage.Errorf("--path and --scope are two questions: ask one")
	case o.method != "" && o.path == "":
		return usage.Errorf("--method needs --path, such as /rest/api/2/search")
	case o.path == "" && o.scope == "" && (o.policy != "" || o.policyFile != ""):
		return usage.Errorf("a policy changes no scopes, only what needs them: ask with --path or --scope")
	case o.path == "" && o.scope == "":
		return listScopes(c.OutOrStdout())
	}
	rules, err := o.rules(c.Context())
	switch {
	case err != nil:
		return err
	case o.path != "":
		return answer(c.OutOrStdout(), rules, strings.ToUpper(o.method), o.path)
	}
	return listOperations(c.OutOrStdout(), rules.Operations, o.scope)
}

func listScopes(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprint(w, "SCOPE\tABOUT\n")
	fmt.Fprint(w, "read\trequests that only look; covers read:<resource>\n")
	fmt.Fprint(w, "write\trequests that change; covers write:<resource> and delete:<resource>\n")
	fmt.Fprint(w, "admin\tadministration and unknown apps; covers admin:<resource>\n")
	for _, r := range scope.Resources() {
		for _, action := range r.Actions {
			fmt.Fprintf(w, "%s:%s\t%s\n", action, r.Name, r.About)
		}
	}
	return w.Flush()
}

// listOperations puts a policy's own before those of the catalogue, as the gateway does.
func listOperations(out io.Writer, own []scope.Line, name string) error {
	set, err := scope.Parse([]string{name})
	if err != nil {
		return usage.Errorf("--scope: %w", err)
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprint(w, "METHOD\tPATH\tSCOPE\tABOUT\n")
	for _, line := range slices.Concat(own, scope.Catalogue()) {
		if need, err := scope.Parse([]string{line.Scope}); err == nil && set.Contains(need) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", line.Method, line.Path, line.Scope, line.Name)
		}
	}
	return w.Flush()
}
