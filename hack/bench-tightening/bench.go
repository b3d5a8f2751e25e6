// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	namespace = "bench"
	patience  = 10 * time.Minute
)

// bench is a control plane and a manager with very many tokens of one policy.
type bench struct {
	stack *stack.Stack
	kube  client.WithWatch
	n     int
}

// change is what is done to the policy, and what every token is to become.
type change struct {
	name   string
	scopes []v1alpha1.Scope
	state  grant.State
	reason string
}

func (b *bench) prepare(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return b.stack.Build(ctx) }, b.stack.StartControlPlane, b.stack.Install, b.newClient,
		b.stack.StartManager, b.declare,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("declared %d tokens; waiting until they are issued\n", b.n)
	return b.statuses(ctx, v1alpha1.ReasonIssued)
}

func (b *bench) newClient(context.Context) (err error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	b.kube, err = client.NewWithWatch(b.stack.Config, client.Options{Scheme: scheme})
	return err
}

func (b *bench) declare(ctx context.Context) error {
	only := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{namespace}}
	objects := make([]client.Object, 0, 3+b.n)
	objects = append(objects,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&v1alpha1.TokenPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
			Spec: v1alpha1.TokenPolicySpec{
				Jira:              v1alpha1.JiraEndpoint{URL: "https://jira.internal.example/jira", PublicURL: "https://jira.example/jira"},
				Impersonation:     v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-Forwarded-User"}},
				AllowedNamespaces: only,
				Rules: []v1alpha1.Rule{{
					Name: "all", Namespaces: only, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
					Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead, v1alpha1.ScopeWrite}},
				}},
			},
		},
	)
	for i := range b.n {
		objects = append(objects, &v1alpha1.ApiToken{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("token-%05d", i)},
			Spec: v1alpha1.ApiTokenSpec{
				Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead, v1alpha1.ScopeWrite},
				PolicyRef: v1alpha1.PolicyReference{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
			},
		})
	}
	for _, o := range objects {
		if err := b.kube.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// statuses waits until every token's status gives the reason.
func (b *bench) statuses(ctx context.Context, reason string) error {
	return wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var list v1alpha1.ApiTokenList
		if err := b.kube.List(ctx, &list, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		return !slices.ContainsFunc(list.Items, func(t v1alpha1.ApiToken) bool {
			c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
			return c == nil || c.Reason != reason
		}), nil
	})
}

// measure changes the policy and follows what becomes of the tokens.
func (b *bench) measure(ctx context.Context, c change) (*result, error) {
	var secrets corev1.SecretList
	if err := b.kube.List(ctx, &secrets, client.InNamespace(stack.PolicyNamespace)); err != nil {
		return nil, err
	}
	w, err := b.kube.Watch(ctx, &corev1.SecretList{}, client.InNamespace(stack.PolicyNamespace),
		&client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: secrets.ResourceVersion}})
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	before, err := b.writes(ctx)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := b.setScopes(ctx, c.scopes); err != nil {
		return nil, err
	}
	r := &result{}
	for seen := map[string]bool{}; len(seen) < b.n; {
		select {
		case event, ok := <-w.ResultChan():
			if !ok {
				return nil, errors.New("the watch of the hash Secrets ended")
			}
			if secret, ok := event.Object.(*corev1.Secret); ok && stateOf(secret) == c.state && !seen[secret.Name] {
				seen[secret.Name] = true
				r.credentials = append(r.credentials, time.Since(begin))
			}
		case <-time.After(patience):
			return nil, fmt.Errorf("only %d of %d credentials followed", len(seen), b.n)
		}
	}
	if err := b.statuses(ctx, c.reason); err != nil {
		return nil, err
	}
	r.statuses = time.Since(begin)
	after, err := b.writes(ctx)
	r.writes = after.since(before)
	return r, err
}

func (b *bench) setScopes(ctx context.Context, scopes []v1alpha1.Scope) error {
	var p v1alpha1.TokenPolicy
	if err := b.kube.Get(ctx, client.ObjectKey{Namespace: stack.PolicyNamespace, Name: stack.PolicyName}, &p); err != nil {
		return err
	}
	patch := client.MergeFrom(p.DeepCopy())
	p.Spec.Rules[0].Limits.Scopes = scopes
	return b.kube.Patch(ctx, &p, patch)
}

func stateOf(secret *corev1.Secret) grant.State {
	c, err := grant.Decode(secret.Data[grant.DataKey])
	if err != nil {
		return ""
	}
	return c.State
}
