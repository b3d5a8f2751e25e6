// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// online gathers from the cluster. What only those with more rights may read is left unknown, with a note.
func (g *gathering) online(ctx context.Context) error {
	name, err := g.declaredPolicy()
	if err != nil {
		return err
	}
	if err := g.setNamespace(); err != nil {
		return err
	}
	reader, err := g.cluster.Client()
	if err != nil {
		return err
	}
	if g.facts.Requester = g.declaredRequester(); g.facts.Requester == nil {
		if g.facts.Requester, err = cluster.WhoAmI(ctx, reader); err != nil {
			return err
		}
	}
	if err := g.readPolicy(ctx, reader, name); err != nil {
		return err
	}
	if err := g.readLabels(ctx, reader); err != nil {
		return err
	}
	if err := g.readOlder(ctx, reader); err != nil {
		return err
	}
	if g.supposes() {
		return g.suppose()
	}
	return g.readDirectory(ctx, reader)
}

func (g *gathering) readPolicy(ctx context.Context, reader client.Reader, name types.NamespacedName) error {
	p := &v1alpha1.TokenPolicy{}
	err := reader.Get(ctx, name, p)
	switch {
	case apierrors.IsNotFound(err):
		return usage.Errorf("policy %s does not exist in this cluster; name another in --policy or spec.policyRef, or give "+
			"--policy-file", name)
	case apierrors.IsForbidden(err):
		return fmt.Errorf("you may not read policy %s: ask for the right to get tokenpolicies in namespace %s, or give "+
			"--policy-file; kubectl apply --dry-run=server -f <manifest> needs no such right and warns with the answer: %w",
			name, name.Namespace, err)
	case err != nil:
		return fmt.Errorf("read policy %s: %w", name, err)
	}
	g.setPolicy(p)
	ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil && ready.Status != metav1.ConditionTrue {
		g.note("policy %s is not ready (%s: %s)", name, ready.Reason, ready.Message)
	}
	return nil
}

func (g *gathering) readLabels(ctx context.Context, reader client.Reader) error {
	if g.facts.NamespaceLabels != nil || !review.NeedsLabels(g.facts.Policy) {
		return nil
	}
	name := g.facts.Token.Namespace
	unknown := func(why string) {
		g.notes.labels = fmt.Sprintf("the labels of namespace %q are not known, as %s: --namespace-labels says them", name, why)
	}
	var namespace corev1.Namespace
	err := reader.Get(ctx, client.ObjectKey{Name: name}, &namespace)
	switch {
	case apierrors.IsForbidden(err):
		unknown("you may not read it")
		return nil
	case apierrors.IsNotFound(err):
		unknown("it does not exist yet")
		return nil
	case err != nil:
		return fmt.Errorf("read namespace %s: %w", name, err)
	}
	g.facts.NamespaceLabels = review.NamespaceLabels(name, namespace.Labels)
	return nil
}

func (g *gathering) readOlder(ctx context.Context, reader client.Reader) error {
	if !capped(g.facts.Policy) {
		return nil
	}
	var err error
	if g.facts.Older, err = g.olderTokens(ctx, reader); apierrors.IsForbidden(err) {
		g.notes.uncounted = g.uncounted(fmt.Sprintf("you may not read all of them (%v)", err))
		return nil
	}
	return err
}
