// SPDX-License-Identifier: Apache-2.0

// Package complete offers a shell what could come next on the command line: names out of the cluster, as far as one may
// list them, and words that the plugin knows itself.
package complete

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

const (
	// most names are offered: a person reads no more, and nobody waits for a hundred thousand.
	most = 500
	// patience is how long a person waits for a shell.
	patience = 5 * time.Second
)

// Func is what cobra asks.
type Func = cobra.CompletionFunc

// Tokens offers those of the namespace for which is says yes (nil: all); several may be named if many.
func Tokens(connection *cluster.Connection, many bool, is func(*v1alpha1.ApiToken) bool) Func {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 && !many {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		namespace, _, err := connection.Namespace()
		var list v1alpha1.ApiTokenList
		if err != nil || read(cmd.Context(), connection, &list, client.InNamespace(namespace)) != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []cobra.Completion
		for i := range list.Items {
			t := &list.Items[i]
			if !slices.Contains(args, t.Name) && (is == nil || is(t)) {
				names = append(names, cobra.CompletionWithDesc(t.Name, "of Jira user "+string(t.Spec.Owner)))
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// Policies offers those of all namespaces, as namespace/name.
func Policies(connection *cluster.Connection) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var list v1alpha1.TokenPolicyList
		if read(cmd.Context(), connection, &list) != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []cobra.Completion
		for i := range list.Items {
			p := &list.Items[i]
			names = append(names, cobra.CompletionWithDesc(p.Namespace+"/"+p.Name, string(p.Spec.Jira.URL)))
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// Namespaces offers those of the cluster.
func Namespaces(connection *cluster.Connection) Func {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var list corev1.NamespaceList
		if read(cmd.Context(), connection, &list) != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []cobra.Completion
		for i := range list.Items {
			names = append(names, list.Items[i].Name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// Scopes offers all scopes that a token can have.
func Scopes() Func {
	return cobra.FixedCompletions(scope.All().Names(), cobra.ShellCompDirectiveNoFileComp)
}

// Words offers some words.
func Words[S ~string](words ...S) Func {
	choices := make([]cobra.Completion, len(words))
	for i, w := range words {
		choices[i] = string(w)
	}
	return cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)
}

// Flag completes a flag of a command, which must be there.
func Flag(cmd *cobra.Command, flag string, f Func) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

func read(ctx context.Context, connection *cluster.Connection, list client.ObjectList, options ...client.ListOption) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	api, err := connection.Client()
	if err != nil {
		return err
	}
	return api.List(ctx, list, append(options, client.Limit(most))...)
}
