// SPDX-License-Identifier: Apache-2.0

package selection

import (
	"context"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// CheckTargets looks at whether a command that changes tokens was told which: by name or by flags, and never all of them
// because somebody forgot to say.
func (f *Flags) CheckTargets(names []string) error {
	switch {
	case len(names) == 0 && !f.Selects():
		return usage.Errorf("which tokens? Name them, or select them with -l, --owner or --policy%s", f.Also)
	case len(names) > 0 && (f.Selects() || f.AllNamespaces):
		return usage.Errorf("names can't go with -A, -l, --owner and --policy: name the tokens, or select them")
	}
	if slices.Contains(names, "") {
		return usage.Errorf("a name is empty; that of an ApiToken is needed")
	}
	return nil
}

// Targets are the tokens that were named or selected, at least one.
func (f *Flags) Targets(ctx context.Context, api client.Client, names []string) ([]*v1alpha1.ApiToken, error) {
	selected, err := f.Selection()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		all, err := selected.All(ctx, api)
		if err == nil && len(all) == 0 {
			err = exit.Errorf(exit.NotFound, "no ApiToken is selected by that%s", selected.where())
		}
		return all, err
	}
	found := make([]*v1alpha1.ApiToken, len(names))
	for i, name := range names {
		if found[i], err = Get(ctx, api, client.ObjectKey{Namespace: selected.Namespace, Name: name}); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *Selection) where() string {
	if s.Namespace == "" {
		return ""
	}
	return " in namespace " + s.Namespace + " (-A looks in all)"
}
