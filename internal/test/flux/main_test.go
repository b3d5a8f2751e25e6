// SPDX-License-Identifier: Apache-2.0

// Package flux has Flux's own controllers apply policies and tokens from a Git repository, to the whole product as it runs in
// a cluster: what docs/gitops.md promises, and the manifest in docs/flux.
package flux

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const startPatience = 10 * time.Minute // it includes building the programs

var (
	root  string
	local *stack.Stack
	jira  *jiratest.Server
	kube  client.Client
	git   *repository
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	programs := os.Getenv("FLUX")
	if programs == "" {
		fmt.Fprintln(os.Stderr, "skipped: no Flux controllers: make test-flux builds and runs them")
		return 0, nil
	}
	if root, err = filepath.Abs("../../.."); err != nil {
		return 1, err
	}
	if local, err = stack.New(root, filepath.Join(root, "bin", "gitops")); err != nil {
		return 1, err
	}
	// On a machine that stands still for seconds, the manager would lose its lease and end, and requests would fail.
	local.ManagerArgs, local.RequestTimeout = []string{"--leader-elect=false"}, time.Minute
	defer func() { err = errors.Join(err, local.Stop()) }()
	jira = jiratest.New(jiratest.Config{ContextPath: "/jira", BaseURL: "https://jira.corp.example/jira"})
	server := httptest.NewServer(jira)
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	if git, err = newRepository(ctx, filepath.Join(local.Dir, "git")); err != nil {
		return 1, err
	}
	defer git.server.Close()
	stop, err := startAll(ctx, programs, server.URL+"/jira")
	defer stop()
	if err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// startAll ends with the policy and its tokens applied by Flux, from nothing: the gateway's process can only be started after the
// policy has come.
func startAll(ctx context.Context, programs, jiraURL string) (stop func(), err error) {
	controllers := &controllers{}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return local.Build(ctx) },
		local.StartControlPlane, local.Install, newClient, local.StartManager, giveOwnerToken,
		func(ctx context.Context) error { return controllers.start(ctx, programs) },
		func(ctx context.Context) error { return commitDocumented(ctx, jiraURL) },
		applyDocumented, documentedWaits, local.StartGateway,
	} {
		if err := step(ctx); err != nil {
			return controllers.stop, err
		}
	}
	return controllers.stop, nil
}

func newClient(context.Context) (err error) {
	kube, err = local.APIClient()
	return err
}

// giveOwnerToken puts alice's own Jira token where the gateway finds it. It does not belong into Git.
func giveOwnerToken(ctx context.Context) error {
	jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse | jiratest.Edit})
	return errors.Join(
		kube.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}}),
		kube.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: "alice", Labels: map[string]string{
				v1alpha1.LabelPolicy: stack.PolicyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
			}},
			StringData: map[string]string{"owner": "alice", "token": jira.AddPAT("alice")},
		}))
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(4 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
