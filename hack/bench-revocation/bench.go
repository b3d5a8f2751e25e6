// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	namespace = "bench"
	patience  = 2 * time.Minute
)

// bench is a running stack with live tokens.
type bench struct {
	stack  *stack.Stack
	jira   *jiratest.Server
	kube   client.WithWatch
	tokens []string // plaintext
}

func (b *bench) prepare(ctx context.Context, jiraURL string, n int) error {
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return b.stack.Build(ctx) }, b.stack.StartControlPlane, b.stack.Install, b.newClient,
		func(ctx context.Context) error { return b.declarePolicy(ctx, jiraURL) },
		b.stack.StartManager,
		func(ctx context.Context) error { return b.declareTokens(ctx, n) },
		b.stack.StartGateway,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for i := range n {
		token, err := b.live(ctx, name(i))
		if err != nil {
			return err
		}
		b.tokens = append(b.tokens, token)
	}
	return nil
}

func name(i int) string { return fmt.Sprintf("token-%03d", i) }

func (b *bench) newClient(context.Context) (err error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	b.kube, err = client.NewWithWatch(b.stack.Config, client.Options{Scheme: scheme})
	return err
}

func (b *bench) declarePolicy(ctx context.Context, jiraURL string) error {
	b.jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse})
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: "alice", Labels: map[string]string{
				v1alpha1.LabelPolicy: stack.PolicyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
			}},
			StringData: map[string]string{"owner": "alice", "token": b.jira.AddPAT("alice")},
		},
		b.policy(jiraURL),
	} {
		if err := b.kube.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) declareTokens(ctx context.Context, n int) error {
	for i := range n {
		token := &v1alpha1.ApiToken{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name(i)},
			Spec: v1alpha1.ApiTokenSpec{
				Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead},
				PolicyRef: v1alpha1.PolicyReference{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
			},
		}
		if err := b.kube.Create(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) policy(jiraURL string) *v1alpha1.TokenPolicy {
	only := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{namespace}}
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
		Spec: v1alpha1.TokenPolicySpec{
			Jira: v1alpha1.JiraEndpoint{
				URL: v1alpha1.HTTPURL(jiraURL), PublicURL: v1alpha1.HTTPURL("http://" + b.stack.GatewayAddress + "/jira"),
				BaseURL: "https://jira.corp.example/jira",
			},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: only,
			Rules: []v1alpha1.Rule{{
				Name: "all", Namespaces: only, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}},
			}},
		},
	}
}

// live waits until a token is accepted and returns it.
func (b *bench) live(ctx context.Context, name string) (token string, err error) {
	err = wait.PollUntilContextTimeout(ctx, 5*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var secret corev1.Secret
		if err := b.kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret); err != nil {
			return false, nil //nolint:nilerr // it is not there yet
		}
		token = string(secret.Data["token"])
		status, err := b.status(ctx, token)
		return status == http.StatusOK, err
	})
	return token, err
}

// revoke deletes one ApiToken and returns how long it took until the gateway refused it and until a watch told.
func (b *bench) revoke(ctx context.Context, i int) (refused, seen time.Duration, err error) {
	w, err := b.kube.Watch(ctx, &v1alpha1.ApiTokenList{}, client.InNamespace(namespace),
		client.MatchingFields{"metadata.name": name(i)})
	if err != nil {
		return 0, 0, err
	}
	defer w.Stop()
	told := make(chan time.Time, 1)
	go func() {
		for event := range w.ResultChan() {
			if o, ok := event.Object.(client.Object); ok && o.GetDeletionTimestamp() != nil {
				break
			}
		}
		told <- time.Now()
	}()
	begin := time.Now()
	deleted := make(chan error, 1)
	go func() {
		deleted <- b.kube.Delete(ctx, &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name(i)}})
	}()
	for {
		status, err := b.status(ctx, b.tokens[i])
		if err != nil {
			return 0, 0, err
		}
		if status == http.StatusUnauthorized {
			break
		}
		if time.Since(begin) > patience {
			return 0, 0, errors.New("a deleted token is still accepted")
		}
	}
	refused = time.Since(begin)
	return refused, (<-told).Sub(begin), <-deleted
}

func (b *bench) status(ctx context.Context, token string) (int, error) {
	url := "http://" + b.stack.GatewayAddress + "/jira/rest/api/2/myself"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}
