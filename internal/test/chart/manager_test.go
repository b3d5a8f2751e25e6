// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// programs are the project's, built once.
var programs = sync.OnceValues(func() (*stack.Stack, error) {
	top, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	s, err := stack.New(top, filepath.Join(top, "bin", "chart-test"))
	if err != nil {
		return nil, err
	}
	return s, s.Build(context.Background())
})

func build(t *testing.T) *stack.Stack {
	t.Helper()
	s, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The manager knows all flags that the chart can give it.
func TestManagerTakesTheFlags(t *testing.T) {
	sets, err := filepath.Glob(filepath.Join(path, "ci", "*-values.yaml"))
	if err != nil || len(sets) == 0 {
		t.Fatalf("have %v, %v", sets, err)
	}
	helm := newHelm(t, "helm")
	manager := filepath.Join(build(t).Dir, "manager")
	for _, set := range sets {
		rendered := helm.run(t, "template", release, path, "--show-only=templates/manager/deployment.yaml", "--values="+set)
		var args []string
		for _, arg := range managerContainer(decode(t, rendered)[0])["args"].([]any) {
			args = append(args, arg.(string))
		}
		if out, err := exec.CommandContext(t.Context(), manager, append(args, "--version")...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", filepath.Base(set), err, out)
		}
	}
}

// As installed, in whatever namespace, the manager has the rights and the admission that it needs: a policy gets its gateway, a token
// its credential, and both go.
func TestManagerWorks(t *testing.T) {
	helm := newHelm(t, "helm")
	for name, flags := range map[string][]string{
		"everywhere":         nil,
		"in some namespaces": {"--set=watchNamespaces={works-policies,works-tokens}"},
	} {
		t.Run(name, func(t *testing.T) {
			policies, tokens := namespace(t, "works-policies"), namespace(t, "works-tokens")
			system := namespace(t, "works-system")
			helm.install(t, system, flags...)
			log := runManager(t, system)
			policy, token := headerPolicy(policies, tokens), tokenOf(policies, tokens)
			for _, object := range []client.Object{policy, token} {
				declare(t, object)
			}
			eventually(t, func() error {
				return plane.Client.Get(t.Context(), client.ObjectKeyFromObject(token), &corev1.Secret{})
			})
			var gateway appsv1.Deployment
			eventually(t, func() error {
				return plane.Client.Get(t.Context(), client.ObjectKey{Namespace: policies, Name: "jira-gateway"}, &gateway)
			})
			if c := gateway.Spec.Template.Spec.Containers[0]; c.Image != "gateway" || c.ImagePullPolicy != corev1.PullNever {
				t.Errorf("the gateway's image is %s, and pulled %s", c.Image, c.ImagePullPolicy)
			}
			for _, object := range []client.Object{token, policy} {
				if err := plane.Client.Delete(t.Context(), object); err != nil {
					t.Fatal(err)
				}
				expectGone(t, object, object.GetNamespace(), object.GetName())
			}
			for line := range strings.SplitSeq(read(t, log), "\n") {
				if strings.Contains(line, "forbidden") {
					t.Error(line)
				}
			}
		})
	}
}

// runManager runs the installed Deployment's container with the rights of its account until the test ends, and gives its log.
func runManager(t *testing.T, system string) (log string) {
	t.Helper()
	s := build(t)
	var d appsv1.Deployment
	get(t, &d, system, managerAccount)
	addresses, err := stack.FreeAddresses(3)
	if err != nil {
		t.Fatal(err)
	}
	account := plane.ServiceAccount(t, system, d.Spec.Template.Spec.ServiceAccountName)
	args := append(slices.Clone(d.Spec.Template.Spec.Containers[0].Args), // later ones override earlier ones
		"--kubeconfig="+controlplane.Kubeconfig(t, account), "--namespace="+system, "--gateway-image=gateway",
		"--gateway-image-pull-policy=Never", "--drain-delay=0s",
		"--metrics-bind-address=0", "--health-probe-bind-address="+addresses[0],
		"--webhook-bind-address="+addresses[1], "--webhook-url=https://"+addresses[1],
		"--activity-bind-address="+addresses[2], "--activity-url=https://"+addresses[2])
	if err := os.RemoveAll(filepath.Join(s.Dir, "manager.log")); err != nil { // of another test's manager
		t.Fatal(err)
	}
	process, err := s.Run(t.Context(), "http://"+addresses[0]+"/readyz", filepath.Join(s.Dir, "manager"), args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(process.Stop)
	if err := stack.WebhookAnswers(t.Context(), plane.Clientset); err != nil {
		t.Fatal(err)
	}
	return process.Log()
}

// declare makes an object, and has it go before the manager does, which takes its finalizer off.
func declare(t *testing.T, object client.Object) {
	t.Helper()
	if err := plane.Client.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := plane.Client.Delete(context.WithoutCancel(t.Context()), object); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	})
}

func headerPolicy(policies, tokens string) *v1alpha1.TokenPolicy {
	names := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(tokens)}}
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "jira", Namespace: policies},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "http://jira:8080/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-Forwarded-User"}},
			AllowedNamespaces: names,
			Rules: []v1alpha1.Rule{{
				Name: "all", Namespaces: names, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}},
			}},
		},
	}
}

func tokenOf(policies, tokens string) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Name: "works", Namespace: tokens},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}, Lifetime: "24h",
			PolicyRef: v1alpha1.PolicyReference{Name: "jira", Namespace: v1alpha1.NamespaceName(policies)},
		},
	}
}
