// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// compileScopes tries each operation as the gateway will, for an error that names its place in the policy.
func compileScopes(config *gatewayconfig.Config, in *v1alpha1.Scopes) error {
	if in == nil {
		return nil
	}
	out := gatewayconfig.Scopes{DenyUnlisted: in.Unlisted == v1alpha1.UnlistedDeny}
	var lines []scope.Line
	for i, o := range in.Operations {
		for _, method := range o.Methods {
			line := scope.Line{Method: string(method), Path: o.Path, Scope: string(o.Scope)}
			lines = append(lines, line)
			if _, err := scope.NewClassifier(scope.Options{Operations: lines}); err != nil {
				return fmt.Errorf("spec.scopes.operations[%d]: %w", i, err)
			}
			out.Operations = append(out.Operations, gatewayconfig.Operation{Method: line.Method, Path: line.Path, Scope: line.Scope})
		}
	}
	if out.DenyUnlisted || len(out.Operations) > 0 {
		config.Scopes = &out
	}
	return nil
}
