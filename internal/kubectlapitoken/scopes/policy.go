// SPDX-License-Identifier: Apache-2.0

package scopes

import (
	"context"
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/manifest"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// rules are those of the catalogue and, if a policy was named, of its spec.scopes before them.
func (o *options) rules(ctx context.Context) (scope.Options, error) {
	policy := &v1alpha1.TokenPolicy{}
	switch {
	case o.policy != "" && o.policyFile != "":
		return scope.Options{}, usage.Errorf("--policy and --policy-file are two policies: name one")
	case o.policyFile != "":
		if err := manifest.Read(o.streams.In, "--policy-file", o.policyFile, "TokenPolicy", policy); err != nil {
			return scope.Options{}, err
		}
	case o.policy != "":
		if err := o.readPolicy(ctx, policy); err != nil {
			return scope.Options{}, err
		}
	}
	return optionsOf(policy.Spec.Scopes), nil
}

func (o *options) readPolicy(ctx context.Context, into *v1alpha1.TokenPolicy) error {
	name, err := usage.PolicyName(o.policy)
	if err != nil {
		return err
	}
	reader, err := o.cluster.Client()
	if err != nil {
		return err
	}
	if err := reader.Get(ctx, name, into); err != nil {
		return fmt.Errorf("read policy %s; --policy-file needs no cluster: %w", o.policy, err)
	}
	return nil
}

func optionsOf(own *v1alpha1.Scopes) (options scope.Options) {
	if own == nil {
		return options
	}
	options.DenyUnlisted = own.Unlisted == v1alpha1.UnlistedDeny
	for _, operation := range own.Operations {
		for _, method := range operation.Methods {
			options.Operations = append(options.Operations,
				scope.Line{Method: string(method), Path: operation.Path, Scope: string(operation.Scope), Name: "of the policy"})
		}
	}
	return options
}
