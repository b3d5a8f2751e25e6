// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/manifest"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// offline gathers from a policy file and flags alone.
func (g *gathering) offline() error {
	p := &v1alpha1.TokenPolicy{}
	if err := manifest.Read(g.streams.In, "--policy-file", g.policyFile, "TokenPolicy", p); err != nil {
		return err
	}
	if p.Name == "" || p.Namespace == "" {
		return usage.Errorf("--policy-file %s: metadata.name and metadata.namespace of the TokenPolicy are needed", g.policyFile)
	}
	setDefaults(&p.Spec)
	declared, err := g.declaredPolicy()
	if err != nil {
		return err
	}
	if own := (types.NamespacedName{Namespace: p.Namespace, Name: p.Name}); declared.Name != "" && declared != own {
		return usage.Errorf("--policy-file %s holds policy %s, and the one that is asked about is %s: give the file of that one",
			g.policyFile, own, declared)
	}
	g.setPolicy(p)
	if err := g.setNamespace(); err != nil {
		return err
	}
	g.notes.labels = fmt.Sprintf("the labels of namespace %q are not known: --namespace-labels says them", g.facts.Token.Namespace)
	g.notes.members = withoutMembers("no cluster was asked")
	g.notes.uncounted = g.uncounted("that takes a cluster")
	if g.facts.Requester = g.declaredRequester(); g.facts.Requester == nil {
		g.facts.Requester = g.cluster.ImpersonatedUser()
	}
	if g.supposes() {
		return g.suppose()
	}
	return nil
}
