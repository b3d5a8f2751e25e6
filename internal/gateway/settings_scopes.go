// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// strictest is for a policy whose own operations can't be used and never could: no token reaches what the catalogue lacks.
var strictest = mustClassify(scope.Options{DenyUnlisted: true})

func mustClassify(o scope.Options) *scope.Classifier {
	c, err := scope.NewClassifier(o)
	if err != nil {
		panic(err) // there are no operations of anybody's in it
	}
	return c
}

func (s *Settings) compileScopes(cfg *gatewayconfig.Scopes) error {
	var options scope.Options
	if cfg != nil {
		options.DenyUnlisted = cfg.DenyUnlisted
		for _, o := range cfg.Operations {
			options.Operations = append(options.Operations, scope.Line{Method: o.Method, Path: o.Path, Scope: o.Scope})
		}
	}
	classifier, err := scope.NewClassifier(options)
	if err != nil {
		return fmt.Errorf("scopes: %w", err)
	}
	s.scopes = classifier
	return nil
}

func (s *Settings) classify(method string, segments []string, rawQuery string) scope.Operation {
	classifier := s.scopes
	if classifier == nil {
		classifier = strictest
	}
	return classifier.Classify(method, segments, rawQuery)
}
