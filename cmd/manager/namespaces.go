// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
)

// podNamespaceFile is where a pod finds the namespace that it runs in.
const podNamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

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

// ownNamespace is the flag's or the pod's.
func ownNamespace(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	content, err := os.ReadFile(podNamespaceFile)
	if err != nil {
		return "", errors.New("outside a cluster --namespace is needed: the namespace of the manager's Lease, keys and certificates")
	}
	return strings.TrimSpace(string(content)), nil
}
