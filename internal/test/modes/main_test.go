// SPDX-License-Identifier: Apache-2.0

// Package modes runs the manager as not everybody does: with rights in some namespaces only, and with a certificate that
// somebody else makes.
package modes

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	managerNamespace = "jira-token-operator-system"
	managerAccount   = "jira-token-operator-manager"

	startPatience = 10 * time.Minute // it includes building the programs
)

var (
	local *stack.Stack
	kube  client.Client
)

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Fprintln(os.Stderr, "skipped with -short: these tests need a control plane")
		return
	}
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
	if local, err = stack.New(root, filepath.Join(root, "bin", "modes")); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, local.Stop()) }()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return local.Build(ctx) },
		local.StartControlPlane, local.Install, newClient,
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

// startManager runs one until the test ends.
func startManager(t *testing.T, args ...string) {
	t.Helper()
	local.ManagerArgs = args
	must(t, local.StartManager(t.Context()))
	t.Cleanup(local.Manager.Stop)
}

func readRole[T any](t *testing.T, file string) *T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "rbac", file))
	must(t, err)
	var out T
	must(t, yaml.UnmarshalStrict(text, &out))
	return &out
}

// bindRole gives the manager a Role in a namespace.
func bindRole(t *testing.T, file, namespace string) {
	t.Helper()
	role := readRole[rbacv1.Role](t, file)
	role.Namespace = namespace
	create(t, role, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{managerSubject()},
	})
}

func managerSubject() rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: managerNamespace, Name: managerAccount}
}

// create makes objects that another test may have made before.
func create(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, object := range objects {
		must(t, client.IgnoreAlreadyExists(kube.Create(t.Context(), object)))
	}
}

func createNamespaces(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
}

// label puts a label on a namespace by which policies select.
func label(t *testing.T, name, value string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{"allowed":%q}}}`, value)
	must(t, kube.Patch(t.Context(), namespace, client.RawPatch("application/merge-patch+json", patch)))
}

func newPolicy(namespace string) *v1alpha1.TokenPolicy {
	allowed := v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"allowed": "true"}}}
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: stack.PolicyName},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "https://jira.internal.example/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-Forwarded-User"}},
			AllowedNamespaces: allowed,
			Rules: []v1alpha1.Rule{{
				Name: "all", Namespaces: allowed, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}},
			}},
		},
	}
}

func newToken(namespace, name, policyNamespace string) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}, Lifetime: "24h",
			PolicyRef: v1alpha1.PolicyReference{Namespace: v1alpha1.NamespaceName(policyNamespace), Name: stack.PolicyName},
		},
	}
}

// becomes waits until a token's status has a reason.
func becomes(t *testing.T, token *v1alpha1.ApiToken, reason string) {
	t.Helper()
	eventually(t, token.Namespace+"/"+token.Name+" is "+reason, func() error {
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(token), token); err != nil {
			return err
		}
		c := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("it is %+v", c)
		}
		return nil
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, done func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		err := done()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s: %v", what, err)
		}
	}
}
