// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

type namespaceSet struct {
	names    map[string]bool
	selector labels.Selector // nil: names count
}

func compileNamespaces(set *v1alpha1.NamespaceSet) (namespaceSet, error) {
	if set.Selector == nil {
		return namespaceSet{names: foldedSet(set.Names)}, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Selector)
	if err != nil {
		return namespaceSet{}, fmt.Errorf("selector: %w", err)
	}
	return namespaceSet{selector: selector}, nil
}

// remedy says how a namespace gets into the set.
func (s namespaceSet) remedy(namespace string) string {
	if s.selector != nil {
		return fmt.Sprintf("label namespace %q so that it matches %q", namespace, s.selector)
	}
	return fmt.Sprintf("add %q to names", namespace)
}

func (s namespaceSet) contains(name string, set labels.Set) bool {
	if s.selector != nil {
		return s.selector.Matches(set)
	}
	return s.names[name]
}
