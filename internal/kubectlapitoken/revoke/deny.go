// SPDX-License-Identifier: Apache-2.0

package revoke

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/gitops"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// maxDenied is how many owners and how many tokens a policy can deny, by its schema.
const maxDenied = 1000

// denyAll adds the tokens, or with --owner the owner, to the deny lists of their policies. It comes before the deletion, so that
// Git can't be faster.
//
// The lists are atomic: server-side apply would take a whole list over from whoever declares it. So it is a patch, which
// fails if somebody changed the policy since it was read, and then is made anew.
func (c *command) denyAll(ctx context.Context, targets []*v1alpha1.ApiToken) error {
	byPolicy := map[string][]*v1alpha1.ApiToken{}
	for _, t := range targets {
		byPolicy[tokens.PolicyName(t)] = append(byPolicy[tokens.PolicyName(t)], t)
	}
	for _, name := range slices.Sorted(maps.Keys(byPolicy)) {
		list := byPolicy[name]
		ref := list[0].Spec.PolicyRef
		key := client.ObjectKey{Namespace: string(ref.Namespace), Name: ref.Name}
		err := retry.RetryOnConflict(retry.DefaultBackoff, func() error { return c.denyIn(ctx, key, list) })
		if err != nil {
			return fmt.Errorf("nothing was revoked: %w", err)
		}
	}
	return nil
}

func (c *command) denyIn(ctx context.Context, key client.ObjectKey, list []*v1alpha1.ApiToken) error {
	policy := &v1alpha1.TokenPolicy{}
	right := cluster.Right{Verb: "get", Resource: "tokenpolicies", Namespace: key.Namespace}
	if err := c.API.Get(ctx, key, policy); err != nil {
		return cluster.Explain(err, "read the policy "+key.String(), right)
	}
	before := policy.DeepCopy()
	added, err := c.addTo(policy, list)
	if err != nil {
		return err
	}
	if len(added) > 0 && c.Output.Sends() {
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		if err := c.API.Patch(ctx, policy, patch, c.Output.Patch()); err != nil {
			right.Verb = "patch"
			return cluster.Explain(err, "change spec.deny of the policy "+key.String(), right)
		}
	}
	for _, entry := range added {
		fmt.Fprintf(c.Streams.ErrOut, "policy %s denies %s%s\n", key, entry, dryRunNote(c.Output.Writes()))
	}
	if owner := gitops.OwnerOf(policy); owner != "" && len(added) > 0 {
		fmt.Fprintf(c.Streams.ErrOut, "Warning: %s declares policy %s: if that declares spec.deny as well, add the same there, or it "+
			"is taken back\n", owner, key)
	}
	return nil
}

// deniesOwnerWithoutTokens tells whether an owner is to be denied who has no token under the policy: Git may have one for them.
func (c *command) deniesOwnerWithoutTokens(err error) bool {
	code, _ := exit.CodeOf(err)
	return c.deny && c.Selection.Owner != "" && c.Selection.Policy != "" && code == exit.NotFound
}

// missesPolicy tells whether an owner can't be denied, as they have no token that would say in which policy.
func (c *command) missesPolicy(err error) bool {
	code, _ := exit.CodeOf(err)
	return c.deny && c.Selection.Owner != "" && c.Selection.Policy == "" && code == exit.NotFound
}

// denyOwner denies an owner who has no token.
func (c *command) denyOwner(ctx context.Context) error {
	key, err := usage.PolicyName(c.Selection.Policy)
	if err != nil {
		return err
	}
	if c.Output.Writes() {
		question := fmt.Sprintf("%s has no token here. Deny them in policy %s all the same?", c.Selection.Owner, key)
		if err := c.Ask.Confirm(question, "nothing was changed"); err != nil {
			return err
		}
	}
	if err := retry.RetryOnConflict(retry.DefaultBackoff, func() error { return c.denyIn(ctx, key, nil) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Streams.ErrOut, "%s has no token here that could be revoked, and is denied in policy %s%s\n",
		c.Selection.Owner, key, dryRunNote(c.Output.Writes()))
	return err
}

// addTo adds what is not denied yet, and says what that was.
func (c *command) addTo(policy *v1alpha1.TokenPolicy, list []*v1alpha1.ApiToken) (added []string, err error) {
	if policy.Spec.Deny == nil {
		policy.Spec.Deny = &v1alpha1.Deny{}
	}
	deny := policy.Spec.Deny
	if owner := c.Selection.Owner; owner != "" {
		same := func(o v1alpha1.JiraUserName) bool { return grant.SameUser(string(o), owner) }
		if !slices.ContainsFunc(deny.Owners, same) {
			deny.Owners = append(deny.Owners, v1alpha1.JiraUserName(owner))
			added = append(added, "owner "+owner)
		}
	} else {
		for _, t := range list {
			entry := v1alpha1.DeniedToken(tokens.Name(t))
			if !slices.Contains(deny.Tokens, entry) {
				deny.Tokens = append(deny.Tokens, entry)
				added = append(added, "token "+string(entry))
			}
		}
	}
	if len(deny.Owners) > maxDenied || len(deny.Tokens) > maxDenied {
		return nil, fmt.Errorf("policy %s/%s would deny more than %d owners or tokens: remove those that are gone from spec.deny, or "+
			"deny their namespace", policy.Namespace, policy.Name, maxDenied)
	}
	return added, nil
}
