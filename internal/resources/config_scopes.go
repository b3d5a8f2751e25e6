// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// compileScopes tries the operations as the gateway will, for an error that names the place in the policy.
func compileScopes(config *gatewayconfig.Config, in *v1alpha1.Scopes) error {
	if in == nil {
		return nil
	}
	out := gatewayconfig.Scopes{DenyUnlisted: in.Unlisted == v1alpha1.UnlistedDeny}
	var lines []scope.Line
	var places []int // of the lines, in the policy
	for i, o := range in.Operations {
		for _, method := range o.Methods {
			line := scope.Line{Method: string(method), Path: o.Path, Scope: string(o.Scope)}
			lines, places = append(lines, line), append(places, i)
			out.Operations = append(out.Operations, gatewayconfig.Operation{Method: line.Method, Path: line.Path, Scope: line.Scope})
		}
	}
	if n, err := firstUnusable(lines); err != nil {
		return fmt.Errorf("spec.scopes.operations[%d]: %w", places[n], err)
	}
	if out.DenyUnlisted || len(out.Operations) > 0 {
		config.Scopes = &out
	}
	return nil
}

// firstUnusable tries all lines at once, and looks for the one to blame only if there is one.
func firstUnusable(lines []scope.Line) (n int, err error) {
	if _, err := scope.NewClassifier(scope.Options{Operations: lines}); err == nil {
		return 0, nil
	}
	for n = range lines {
		if _, err = scope.NewClassifier(scope.Options{Operations: lines[:n+1]}); err != nil {
			break
		}
	}
	return n, err
}
