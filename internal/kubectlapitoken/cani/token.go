// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/declare"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/manifest"
)

// token is the one asked about. Its policyRef is empty unless the manifest or --policy says it.
func (c *command) token() (*v1alpha1.ApiToken, error) {
	if c.file == "" {
		spec, err := c.declared.Spec(c.now.Now())
		if err != nil {
			return nil, err
		}
		return &v1alpha1.ApiToken{Spec: *spec}, nil
	}
	token := &v1alpha1.ApiToken{}
	if err := manifest.Read(c.streams.In, "-f", c.file, "ApiToken", token); err != nil {
		return nil, err
	}
	name := func(_, field string) string { return fmt.Sprintf("-f %s: spec.%s", c.file, field) }
	return token, declare.Check(&token.Spec, name, c.now.Now())
}
