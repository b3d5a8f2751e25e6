// SPDX-License-Identifier: Apache-2.0

// Package restore brings etcd back from a backup beneath the manager and the gateway, and looks at what becomes of the tokens
// that were issued, replaced and revoked since: docs/backup.md promises it.
package restore

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
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
	withoutLease   = "--leader-elect=false"
)

var (
	local *stack.Stack
	kube  client.Client
	tools string // the folder of etcdctl and etcdutl
	trail string // the manager's audit trail
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
	if tools, err = findTools(root); err != nil {
		if os.Getenv("CI") != "" {
			return 1, err
		}
		fmt.Fprintln(os.Stderr, "skipped:", err)
		return 0, nil
	}
	if local, err = stack.New(root, filepath.Join(root, "bin", "restore")); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, local.Stop()) }()
	trail = filepath.Join(local.Dir, "audit.log")
	// The first test is about a manager that runs through a restore; with a Lease it would depend on how fast that is.
	local.ManagerArgs = []string{"--audit-log=" + trail, withoutLease}
	jira := jiratest.New(jiratest.Config{ContextPath: "/jira", BaseURL: "https://jira.corp.example/jira"})
	server := httptest.NewServer(jira)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return local.Build(ctx) }, local.StartControlPlane, local.Install, newClient,
		func(ctx context.Context) error { return declarePolicy(ctx, jira, server.URL+"/jira") },
		local.StartManager, local.StartGateway,
	} {
		if err := step(ctx); err != nil {
			return 1, err
		}
	}
	return m.Run(), nil
}

func newClient(context.Context) (err error) {
	kube, err = local.APIClient()
	return err
}

func declarePolicy(ctx context.Context, jira *jiratest.Server, jiraURL string) error {
	jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse})
	allowed := map[string]string{"allowed": "true"}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: tokenNamespace, Labels: allowed}},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: "alice", Labels: map[string]string{
				v1alpha1.LabelPolicy: stack.PolicyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
			}},
			StringData: map[string]string{"owner": "alice", "token": jira.AddPAT("alice")},
		},
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
					Owners:     v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
					Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}, TokenHash: true},
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
