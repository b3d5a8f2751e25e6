// SPDX-License-Identifier: Apache-2.0

package review

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Where the namespace's labels are not known, the policy is judged twice: as if its selectors matched, and as if they did
// not. An answer that is the same both times is certain.
var (
	matchAll  = v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{}}
	matchNone = v1alpha1.NamespaceSet{}
)

// withSelectors is the policy, with each selector replaced that can't be decided.
func (f *Facts) withSelectors(replacement v1alpha1.NamespaceSet) *v1alpha1.TokenPolicy {
	if f.NamespaceLabels != nil {
		return f.Policy
	}
	p := f.Policy.DeepCopy()
	for _, set := range namespaceSets(p) {
		if f.undecided(set) {
			*set = replacement
		}
	}
	return p
}

func namespaceSets(p *v1alpha1.TokenPolicy) []*v1alpha1.NamespaceSet {
	sets := make([]*v1alpha1.NamespaceSet, 0, 1+len(p.Spec.Rules))
	sets = append(sets, &p.Spec.AllowedNamespaces)
	for i := range p.Spec.Rules {
		sets = append(sets, &p.Spec.Rules[i].Namespaces)
	}
	return sets
}

// undecided tells whether the labels of the token's namespace are not known and would have to be. A selector that can't
// be used is left for Compile to refuse.
func (f *Facts) undecided(set *v1alpha1.NamespaceSet) bool {
	if f.NamespaceLabels != nil || set.Selector == nil {
		return false
	}
	selector, err := metav1.LabelSelectorAsSelector(set.Selector)
	return err == nil && !selector.Empty()
}

// NeedsLabels tells whether an answer can depend on the labels of the token's namespace.
func NeedsLabels(p *v1alpha1.TokenPolicy) bool {
	return slices.ContainsFunc(namespaceSets(p), (&Facts{}).undecided)
}

func (f *Facts) labelDoubt(set *v1alpha1.NamespaceSet) string {
	return fmt.Sprintf("it depends on the labels of namespace %q, which are not known: they have to match %q", f.Token.Namespace,
		metav1.FormatLabelSelector(set.Selector))
}

// NamespaceLabels are what somebody says of a namespace, with the label that every namespace has.
func NamespaceLabels(namespace string, said map[string]string) map[string]string {
	all := map[string]string{corev1.LabelMetadataName: namespace}
	maps.Copy(all, said)
	return all
}
