// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// gathering collects what an answer depends on.
type gathering struct {
	*command

	facts *review.Facts
	notes notes
}

func (c *command) gather(ctx context.Context) (*gathering, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	g := &gathering{command: c, facts: &review.Facts{Token: token, Now: c.now.Now()}}
	if c.policyFile != "" {
		err = g.offline()
	} else {
		err = g.online(ctx)
	}
	return g, err
}

// note adds to what is said whatever the answer is.
func (g *gathering) note(format string, args ...any) {
	g.notes.always = append(g.notes.always, oneline.Printable(fmt.Sprintf(format, args...)))
}

// declaredPolicy is the policy that --policy or the manifest names; empty: neither does.
func (g *gathering) declaredPolicy() (types.NamespacedName, error) {
	ref := g.facts.Token.Spec.PolicyRef
	declared := types.NamespacedName{Namespace: string(ref.Namespace), Name: ref.Name}
	if g.policy == "" {
		if g.file != "" && (declared.Namespace == "" || declared.Name == "") {
			return declared, usage.Errorf("-f %s: spec.policyRef needs name and namespace of the TokenPolicy", g.file)
		}
		return declared, nil
	}
	asked, err := usage.PolicyName(g.policy)
	if err == nil && g.file != "" && asked != declared {
		err = usage.Errorf("--policy is %s, and spec.policyRef in %s is %s: leave --policy out, or name the same", asked, g.file,
			declared)
	}
	return asked, err
}

// setPolicy makes a policy the one that is asked.
func (g *gathering) setPolicy(p *v1alpha1.TokenPolicy) {
	g.facts.Policy = p
	g.facts.Token.Spec.PolicyRef = v1alpha1.PolicyReference{Name: p.Name, Namespace: v1alpha1.NamespaceName(p.Namespace)}
}

// setNamespace finds out where the token would be declared.
func (g *gathering) setNamespace() error {
	flag, explicit, err := g.cluster.Namespace()
	if err != nil {
		return err
	}
	token := g.facts.Token
	switch {
	case token.Namespace != "" && explicit && flag != token.Namespace:
		return usage.Errorf("-n is %s, and metadata.namespace in %s is %s: leave -n out, or name the same", flag, g.file,
			token.Namespace)
	case token.Namespace != "":
	case g.policyFile != "" && !explicit: // the same file must not have another answer on another machine
		return usage.Errorf("-n is needed with --policy-file: the namespace in which the token would be declared")
	default:
		token.Namespace = flag
	}
	if g.flags.Changed("namespace-labels") {
		g.facts.NamespaceLabels = review.NamespaceLabels(token.Namespace, g.namespaceLabels)
	}
	return nil
}
