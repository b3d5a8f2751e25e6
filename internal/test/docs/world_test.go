// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	systemNamespace   = "jira-token-operator-system"
	managerDeployment = "jira-token-operator-manager"
	gatewayDeployment = stack.PolicyName + "-gateway"

	patience = 10 * time.Minute // it includes building the programs
)

// world is a cluster with nothing on it: an API server without a kubelet, and a Jira. When somebody installs the operator,
// the manager runs as a process, and so does the gateway once the manager deploys it.
type world struct {
	*testing.T

	stack  *stack.Stack
	client client.Client
	jira   *jiratest.Server
	folder string // in which commands run
	shell  *shell

	// up is closed once manager and gateway run.
	up chan struct{}

	// here puts this world's addresses in place of those in the pages.
	here *strings.Replacer
}

var programs struct {
	once   sync.Once
	folder string
	err    error
}

// build builds manager, gateway and plugin once for all worlds.
func build(t *testing.T, root string) string {
	t.Helper()
	programs.once.Do(func() { programs.folder, programs.err = buildPrograms(root) })
	must(t, programs.err)
	return filepath.Join(programs.folder, "bin")
}

// buildPrograms builds into a folder that no test owns: the first world's test ends before the last one's.
func buildPrograms(root string) (folder string, err error) {
	if folder, err = os.MkdirTemp("", "docs-test-"); err != nil {
		return "", err
	}
	s, err := stack.New(root, filepath.Join(folder, "bin"))
	if err != nil {
		return folder, err
	}
	return folder, s.Build(context.Background())
}

func removePrograms() { _ = os.RemoveAll(programs.folder) }

func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("with -short: it needs a control plane")
	}
	local, err := stack.New(root(t), filepath.Join(t.TempDir(), "stack"))
	must(t, err)
	for _, name := range []string{"manager", "gateway", "kubectl-apitoken"} {
		must(t, os.Symlink(filepath.Join(build(t, root(t)), name), filepath.Join(local.Dir, name)))
	}
	w := &world{T: t, stack: local, folder: t.TempDir(), up: make(chan struct{})}
	t.Cleanup(func() {
		if err := local.Stop(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	must(t, local.StartControlPlane(ctx))
	w.client, err = local.APIClient()
	must(t, err)
	w.startJira()
	w.shell = newShell(w)
	w.startKubelet(ctx)
	return w
}

// startJira has the users that the pages speak of.
func (w *world) startJira() {
	w.jira = jiratest.Start(w, jiratest.Config{ContextPath: "/jira", BaseURL: "https://jira.example/jira"})
	w.here = strings.NewReplacer("https://jira.internal.example:8443/jira", w.jira.URL(),
		"https://jira-api.example/jira", "http://"+w.stack.GatewayAddress+"/jira", "<your registry>", "registry.example")
	w.jira.AddProject(jiratest.Project{Key: "LEADS", Name: "Leads"})
	w.jira.AddUser(jiratest.User{Name: "alice", Permissions: jiratest.Browse | jiratest.Edit})
	w.jira.AddIssue(jiratest.Issue{Key: "LEADS-1", Summary: "A lead from the fair", Reporter: "alice"})
}

// startKubelet runs what is deployed, as the kubelet would, until the test is over.
func (w *world) startKubelet(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.runDeployed(ctx) }()
	w.Cleanup(func() { // before the stack is stopped
		interrupted := len(done) == 0 // the page was through before all was deployed
		cancel()
		if err := <-done; err != nil && !interrupted {
			w.Error(err)
		}
	})
}

func (w *world) runDeployed(ctx context.Context) error {
	manager, err := w.deployed(ctx, systemNamespace, managerDeployment)
	if err != nil {
		return err
	}
	if err := w.stack.StartManager(ctx); err != nil {
		return err
	}
	manager.Status.ObservedGeneration, manager.Status.Replicas = manager.Generation, *manager.Spec.Replicas
	manager.Status.ReadyReplicas, manager.Status.AvailableReplicas = manager.Status.Replicas, manager.Status.Replicas
	manager.Status.UpdatedReplicas = manager.Status.Replicas
	if err := w.client.Status().Update(ctx, manager); err != nil {
		return err
	}
	if _, err := w.deployed(ctx, stack.PolicyNamespace, gatewayDeployment); err != nil {
		return err
	}
	if err := w.stack.StartGateway(ctx); err != nil {
		return err
	}
	close(w.up)
	return nil
}

// deployed waits for a Deployment.
func (w *world) deployed(ctx context.Context, namespace, name string) (*appsv1.Deployment, error) {
	for {
		d, err := w.stack.Client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
		if err == nil || (!apierrors.IsNotFound(err) && ctx.Err() == nil) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
