// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
)

type namespaceOptions struct{ watched []string }

func (o *namespaceOptions) addFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&o.watched, "watch-namespaces", nil,
		"namespaces of the TokenPolicies and ApiTokens that the manager works on, such as jira-gateway,dev: it needs rights in these "+
			"and its own alone; default: all namespaces")
}

func (o *namespaceOptions) validate() error {
	for i, name := range o.watched {
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("--watch-namespaces has %q, which can't be a namespace's name: %s", name, strings.Join(problems, "; "))
		}
		if slices.Contains(o.watched[:i], name) {
			return fmt.Errorf("--watch-namespaces has %q twice", name)
		}
	}
	return nil
}
