// SPDX-License-Identifier: Apache-2.0

// Package processes runs the manager, the gateway, a kube-apiserver and a Jira that enforces together, as a user has them,
// and takes one after the other away.
package processes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	tokenNamespace = "marketing"
	startPatience  = 10 * time.Minute // it includes building the programs
)

var (
	local *stack.Stack
	jira  *jiratest.Server
	kube  client.Client
)

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return 1, err
	}
	if local, err = stack.New(root, filepath.Join(root, "bin", "processes")); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, local.Stop()) }()
	jira = jiratest.New(jiratest.Config{ContextPath: "/jira", BaseURL: "https://jira.corp.example/jira"})
	server := httptest.NewServer(jira)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if err := startAll(ctx, server.URL+"/jira"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

func startAll(ctx context.Context, jiraURL string) error {
	flags := []string{}
	if raceEnabled {
		flags = append(flags, "-race")
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return local.Build(ctx, flags...) },
		local.StartControlPlane, local.Install, newClient,
		func(ctx context.Context) error { return declarePolicy(ctx, jiraURL) },
		local.StartManager, local.StartGateway,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func newClient(context.Context) (err error) {
	kube, err = local.APIClient()
	return err
}

func declarePolicy(ctx context.Context, jiraURL string) error {
	jira.AddProject(jiratest.Project{Key: "LEADS", Name: "Leads"})
	jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse | jiratest.Edit})
	jira.AddUser(jiratest.User{Name: "bob", Permissions: jiratest.Browse})
	allowed := map[string]string{"allowed": "true"}
	owner := func(name string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: name, Labels: map[string]string{
				v1alpha1.LabelPolicy: stack.PolicyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
			}},
			StringData: map[string]string{"owner": name, "token": jira.AddPAT(name)},
		}
	}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: tokenNamespace, Labels: allowed}},
		owner("alice"), owner("bob"),
		&v1alpha1.TokenPolicy{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
			Spec: v1alpha1.TokenPolicySpec{
				Jira: v1alpha1.JiraEndpoint{
					URL: v1alpha1.HTTPURL(jiraURL), BaseURL: "https://jira.corp.example/jira",
					PublicURL: v1alpha1.HTTPURL("http://" + local.GatewayAddress + "/jira"),
				},
				Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
				AllowedNamespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: allowed}},
				Rules: []v1alpha1.Rule{{
					Name:       "all",
					Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{tokenNamespace}},
					Owners:     v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice", "bob"}},
					Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write"}, TokenHash: true},
				}},
			},
		},
	} {
		if err := kube.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// declare creates an ApiToken and waits for its Secret.
func declare(t *testing.T, name string, change ...func(*v1alpha1.ApiToken)) (*v1alpha1.ApiToken, string) {
	t.Helper()
	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: tokenNamespace, GenerateName: name + "-"},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{"read"}, Lifetime: "1h",
			PolicyRef: v1alpha1.PolicyReference{Name: stack.PolicyName, Namespace: stack.PolicyNamespace},
		},
	}
	for _, f := range change {
		f(token)
	}
	must(t, kube.Create(t.Context(), token))
	t.Cleanup(func() { _ = kube.Delete(context.Background(), token) })
	var secret corev1.Secret
	eventually(t, "the Secret is there", func() bool {
		return kube.Get(t.Context(), client.ObjectKeyFromObject(token), &secret) == nil
	})
	plaintext := string(secret.Data["token"])
	eventually(t, "the token is accepted", func() bool { status, _ := get(t, plaintext); return status == http.StatusOK })
	return token, plaintext
}

func get(t *testing.T, plaintext string) (int, string) {
	t.Helper()
	return send(t, http.MethodGet, "/rest/api/2/myself", plaintext, "")
}

func send(t *testing.T, method, path, plaintext, body string) (int, string) {
	t.Helper()
	return request(t.Context(), method, path, plaintext, body)
}

// request sends one request; status 0: it has failed.
func request(ctx context.Context, method, path, plaintext, body string) (status int, answer string) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+local.GatewayAddress+"/jira"+path, strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Authorization", "Bearer "+plaintext)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(read)
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
