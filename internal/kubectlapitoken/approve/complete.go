// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// complete offers a shell the tokens of the namespace that wait for an approval, to those who may list them.
func (c *command) complete(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var list v1alpha1.ApiTokenList
	namespace, _, err := c.cluster.Namespace()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	api, err := c.cluster.Client()
	if err != nil || api.List(cmd.Context(), &list, client.InNamespace(namespace)) != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []cobra.Completion
	for i := range list.Items {
		ready := meta.FindStatusCondition(list.Items[i].Status.Conditions, v1alpha1.ConditionReady)
		if ready != nil && ready.Reason == v1alpha1.ReasonApprovalRequired {
			names = append(names, cobra.CompletionWithDesc(list.Items[i].Name, "of Jira user "+string(list.Items[i].Spec.Owner)))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
