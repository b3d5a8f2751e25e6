// SPDX-License-Identifier: Apache-2.0

package rotate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// declared is the change of a token's spec to another hash. A token that the operator made has a Secret, and may rotate by
// itself; neither goes with a hash.
func declared(hash v1alpha1.TokenHash) map[string]any {
	return map[string]any{"spec": map[string]any{"tokenHash": hash, "secret": nil, "rotation": nil}}
}

// warned keeps the warnings of an API server.
type warned struct{ texts []string }

// HandleWarningHeader takes one.
func (w *warned) HandleWarningHeader(_ int, _, text string) { w.texts = append(w.texts, text) }

// foresee asks the API server, in a dry run, what becomes of a token of the operator's that is to be one of somebody's own:
// many policies don't permit those, and the change would end the token that works now.
func (c *command) foresee(ctx context.Context, t *v1alpha1.ApiToken) error {
	if !c.local.Local || t.Spec.TokenHash != "" || !c.Output.Writes() {
		return nil
	}
	made, err := token.Generate(rand.Reader)
	if err != nil {
		return err
	}
	hash, err := made.Hash().MarshalText() // of a token that nobody will ever have
	if err != nil {
		return err
	}
	change, err := json.Marshal(declared(v1alpha1.TokenHash(hash)))
	if err != nil {
		return err
	}
	said := &warned{}
	api, err := c.Cluster.ClientWarning(said)
	if err != nil {
		return err
	}
	options := &client.PatchOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: cluster.FieldManager}
	if err := api.Patch(ctx, t.DeepCopy(), client.RawPatch(types.MergePatchType, change), options); err != nil {
		return cluster.Explain(err, "rotate the ApiToken "+tokens.Name(t)+" (nothing was changed)",
			cluster.Right{Verb: "patch", Resource: "apitokens", Namespace: t.Namespace})
	}
	if text := refusal(said.texts); text != "" {
		return exit.Errorf(exit.Refused, "nothing was changed: the operator made the token of ApiToken %s, and would refuse one that "+
			"was made elsewhere: %s", tokens.Name(t), text)
	}
	return nil
}

// refusal is what the warnings say if no rule permits the token; empty: one does, or nobody has said so.
func refusal(warnings []string) string {
	text := strings.Join(warnings, " ")
	if strings.Contains(text, "no rule of policy") || strings.Contains(text, "has no rules, so it permits no token") {
		return text
	}
	return ""
}
