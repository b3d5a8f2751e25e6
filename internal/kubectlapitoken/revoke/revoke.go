// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/act"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/await"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/output"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

// summarise says what will be revoked.
func (c *command) summarise(targets []*v1alpha1.ApiToken) error {
	if err := act.Summarise(targets, c.Streams.ErrOut, c.Now.Now()); err != nil {
		return err
	}
	if !c.deny {
		act.WarnOfGit(targets, c.Streams.ErrOut, "it will declare it again, with a new credential, unless it is removed there or "+
			"denied by the policy (--deny)")
		c.warnOfHashes(targets)
	}
	return nil
}

// warnOfHashes says where a hash Secret's end is not the token's: that holds against the operator, not against whoever may write
// the ApiToken.
func (c *command) warnOfHashes(targets []*v1alpha1.ApiToken) {
	for _, t := range targets {
		if c.immediately && t.Spec.TokenHash != "" {
			fmt.Fprintf(c.Streams.ErrOut, "Warning: ApiToken %s declares its token's hash: whoever may declare that again can have the "+
				"same token accepted again, unless the policy denies it (--deny)\n", tokens.Name(t))
		}
	}
}

// revoke ends one token.
func (c *command) revoke(ctx context.Context, t *v1alpha1.ApiToken, printer printers.ResourcePrinter) error {
	if c.Output.Sends() {
		err := c.API.Delete(ctx, t.DeepCopy(), client.Preconditions{UID: &t.UID}, c.Output.Delete())
		if c.immediately && apierrors.IsNotFound(err) {
			err = nil // its hash Secrets may still be there
		}
		if err != nil {
			return cluster.Explain(err, "delete the ApiToken "+tokens.Name(t),
				cluster.Right{Verb: "delete", Resource: "apitokens", Namespace: t.Namespace})
		}
	}
	if c.immediately {
		if err := c.deleteHashSecrets(ctx, t); err != nil {
			return err
		}
	}
	if err := printer.PrintObj(output.Manifest(t), c.Streams.Out); err != nil {
		return err
	}
	return c.await(ctx, t)
}

// await waits until the ApiToken is gone, which it is once its credentials are.
func (c *command) await(ctx context.Context, t *v1alpha1.ApiToken) error {
	if c.Wait == 0 || !c.Output.Writes() {
		return nil
	}
	key := client.ObjectKeyFromObject(t)
	_, err := await.Until(ctx, c.API, key, await.For(c.Wait), "is still there", func(now *v1alpha1.ApiToken) (bool, error) {
		return now.UID != t.UID, nil // Git was faster
	})
	switch code, _ := exit.CodeOf(err); code {
	case exit.NotFound:
		return nil
	case exit.TimedOut:
		if c.immediately {
			return exit.Errorf(exit.TimedOut, "ApiToken %s: its credentials are ended, and the gateways refuse them; only the ApiToken "+
				"itself is still there after %s, until the operator has seen that it is deleted: does it run?", key, c.Wait)
		}
		return exit.Errorf(exit.TimedOut, "ApiToken %s is deleted, and the operator has not ended its credentials within %s: does it "+
			"run? --now ends them without it", key, c.Wait)
	}
	return err
}
