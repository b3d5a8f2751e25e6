// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// eachHashSecret visits the hash Secrets of a policy's namespace.
func (c *command) eachHashSecret(
	ctx context.Context, namespace string, visit func(*corev1.Secret) error, only ...client.ListOption,
) error {
	options := (&client.ListOptions{Namespace: namespace, Limit: selection.PageSize}).ApplyOptions(only)
	options.FieldSelector = fields.OneTermEqualSelector("type", string(v1alpha1.SecretTypeTokenHash))
	for {
		var list corev1.SecretList
		if err := c.API.List(ctx, &list, options); err != nil {
			return err
		}
		for i := range list.Items {
			if err := visit(&list.Items[i]); err != nil {
				return err
			}
		}
		if options.Continue = list.Continue; options.Continue == "" {
			return nil
		}
	}
}

// deleteHashSecrets ends a token's credentials by itself: the gateways follow the Secrets, and need no operator. The ApiToken
// is deleted before, or the operator would issue another credential.
func (c *command) deleteHashSecrets(ctx context.Context, t *v1alpha1.ApiToken) error {
	namespace := string(t.Spec.PolicyRef.Namespace)
	right := cluster.Right{Verb: "list", Resource: "secrets", Namespace: namespace}
	var secrets []*corev1.Secret
	err := c.eachHashSecret(ctx, namespace, func(s *corev1.Secret) error {
		secrets = append(secrets, s)
		return nil
	}, client.MatchingLabelsSelector{Selector: labels.SelectorFromSet(labels.Set{v1alpha1.LabelTokenUID: string(t.UID)})})
	if err != nil {
		return cluster.Explain(err, "list the hash Secrets of ApiToken "+tokens.Name(t), right)
	}
	if c.Output.Sends() {
		for _, s := range secrets {
			err := c.API.Delete(ctx, s, client.Preconditions{UID: &s.UID}, c.Output.Delete())
			if client.IgnoreNotFound(err) != nil {
				right.Verb = "delete"
				return cluster.Explain(err, "delete hash Secret "+namespace+"/"+s.Name, right)
			}
		}
	}
	if len(secrets) == 0 {
		_, err := fmt.Fprintf(c.Streams.ErrOut, "no hash Secret of ApiToken %s is left in namespace %s: its credentials have ended\n",
			tokens.Name(t), namespace)
		return err
	}
	_, err = fmt.Fprintf(c.Streams.ErrOut, "%s of ApiToken %s deleted in namespace %s: the gateways refuse the token at once%s\n",
		show.Count(len(secrets), "hash Secret"), tokens.Name(t), namespace, dryRunNote(c.Output.Writes()))
	return err
}

func dryRunNote(writes bool) string {
	if writes {
		return ""
	}
	return " (dry run)"
}
