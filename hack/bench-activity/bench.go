// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	namespace = "bench"
	patience  = 15 * time.Minute
	page      = 2000 // of a list
	declarers = 4    // at once: more, and the API server has no time for the manager's Lease
)

// bench is a control plane, a manager and a gateway with very many tokens of one policy.
type bench struct {
	stack           *stack.Stack
	kube            client.Client
	jira            *httptest.Server
	n               int
	rate            float64
	cycle, duration time.Duration
	tokens          []string // in plain
}

func (b *bench) prepare(ctx context.Context) error {
	b.jira = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-AUSERNAME"] = []string{"alice"}
		_, _ = w.Write([]byte("{}"))
	}))
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return b.stack.Build(ctx) }, b.stack.StartControlPlane, b.stack.Install, b.newClient,
		b.stack.StartManager, b.declare, b.issued, b.stack.StartGateway,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) newClient(context.Context) (err error) {
	b.kube, err = b.stack.APIClient()
	return err
}

func (b *bench) declare(ctx context.Context) error {
	only := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{namespace}}
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&v1alpha1.TokenPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
			Spec: v1alpha1.TokenPolicySpec{
				Jira: v1alpha1.JiraEndpoint{
					URL: v1alpha1.HTTPURL(b.jira.URL + "/jira"), PublicURL: v1alpha1.HTTPURL("http://" + b.stack.GatewayAddress + "/jira"),
				},
				Impersonation:     v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-Forwarded-User"}},
				AllowedNamespaces: only,
				Monitoring:        &v1alpha1.Monitoring{UnusedAfter: "720h"},
				Rules: []v1alpha1.Rule{{
					Name: "all", Namespaces: only, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
					Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}},
				}},
			},
		},
	}
	for _, o := range objects {
		if err := b.kube.Create(ctx, o); err != nil {
			return err
		}
	}
	return b.declareTokens(ctx)
}

func (b *bench) declareTokens(ctx context.Context) error {
	failures := make([]error, declarers)
	var all sync.WaitGroup
	for d := range declarers {
		all.Go(func() {
			for i := d; i < b.n && failures[d] == nil; i += declarers {
				failures[d] = b.declareToken(ctx, i)
			}
		})
	}
	all.Wait()
	fmt.Printf("declared %d tokens; waiting until they are issued\n", b.n)
	return errors.Join(failures...)
}

// declareToken tries again for a while: a machine may be busy, and the stack's API server gives up soon.
func (b *bench) declareToken(ctx context.Context, i int) error {
	return wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := b.kube.Create(ctx, &v1alpha1.ApiToken{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("token-%05d", i)},
			Spec: v1alpha1.ApiTokenSpec{
				Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead},
				PolicyRef: v1alpha1.PolicyReference{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
			},
		})
		return client.IgnoreAlreadyExists(err) == nil, nil
	})
}

// issued waits for every token, and reads it. It does not look often: to list them all is more work than to issue some.
func (b *bench) issued(ctx context.Context) error {
	return wait.PollUntilContextTimeout(ctx, 15*time.Second, patience, true, func(ctx context.Context) (bool, error) {
		if err := b.keepManager(ctx); err != nil {
			return false, err
		}
		b.tokens = nil
		err := b.pages(ctx, &corev1.SecretList{}, func(list client.ObjectList) {
			for _, secret := range list.(*corev1.SecretList).Items { //nolint:forcetypeassert // as given
				if token, ok := secret.Data["token"]; ok {
					b.tokens = append(b.tokens, string(token))
				}
			}
		})
		fmt.Printf("issued %d tokens\n", len(b.tokens))
		return err == nil && len(b.tokens) == b.n, nil // an error may pass
	})
}

// keepManager starts a manager that has ended anew, as a kubelet would: on a busy machine it may lose its Lease.
func (b *bench) keepManager(ctx context.Context) error {
	if !b.stack.Manager.Ended() {
		return nil
	}
	fmt.Println("the manager has ended (see manager.log): starting it anew")
	return b.stack.StartManager(ctx)
}

func (b *bench) pages(ctx context.Context, list client.ObjectList, visit func(client.ObjectList)) error {
	for {
		err := b.kube.List(ctx, list, client.InNamespace(namespace), client.Limit(page), client.Continue(list.GetContinue()))
		if err != nil {
			return err
		}
		visit(list)
		if list.GetContinue() == "" {
			return nil
		}
	}
}
