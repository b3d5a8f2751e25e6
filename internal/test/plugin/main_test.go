// SPDX-License-Identifier: Apache-2.0

// Package plugin_test runs the kubectl plugin as users with few rights against a real API server.
package plugin_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// person is somebody with a kubeconfig.
type person struct{ name, kubeconfig string }

// newPerson makes a user of a name that is a test's own, as RBAC of all tests is in one cluster.
func newPerson(t *testing.T, name string, groups ...string) *person {
	t.Helper()
	name = fmt.Sprintf("oidc:%s-%s", name, strings.ToLower(strings.ReplaceAll(t.Name(), "/", "-")))
	return &person{name: name, kubeconfig: controlplane.Kubeconfig(t, plane.User(t, name, groups...))}
}

// jiraName is the name without the prefix that the policies here strip.
func (p *person) jiraName() v1alpha1.JiraUserName {
	return v1alpha1.JiraUserName(strings.TrimPrefix(p.name, "oidc:"))
}

// may gives the person one right; without a namespace, in all of them and for what is in none.
func (p *person) may(t *testing.T, verb, group, resource, namespace string) {
	t.Helper()
	rules := []rbacv1.PolicyRule{{Verbs: []string{verb}, APIGroups: []string{group}, Resources: []string{resource}}}
	subjects := []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: p.name}}
	meta := metav1.ObjectMeta{GenerateName: "test-", Namespace: namespace}
	if namespace == "" {
		role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}
		must(t, plane.Client.Create(t.Context(), role))
		ref := rbacv1.RoleRef{Kind: "ClusterRole", Name: role.Name}
		must(t, plane.Client.Create(t.Context(), &rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}))
	} else {
		role := &rbacv1.Role{ObjectMeta: meta, Rules: rules}
		must(t, plane.Client.Create(t.Context(), role))
		ref := rbacv1.RoleRef{Kind: "Role", Name: role.Name}
		must(t, plane.Client.Create(t.Context(), &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}))
	}
	ask := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: p.name, ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: verb, Group: group, Resource: resource, Namespace: namespace},
	}}
	eventually(t, func(ctx context.Context) bool { // the authoriser has a cache
		review := ask.DeepCopy()
		must(t, plane.Client.Create(ctx, review))
		return review.Status.Allowed
	})
}

func eventually(t *testing.T, done func(context.Context) bool) {
	t.Helper()
	must(t, wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, time.Minute, true,
		func(ctx context.Context) (bool, error) { return done(ctx), nil }))
}

// result is what the plugin printed, and its exit code.
type result struct {
	out, errOut string
	code        int
}

// expect fails the test unless the plugin ended so and said all of that.
func (r result) expect(t *testing.T, code int, says ...string) {
	t.Helper()
	for _, text := range says {
		if r.code != code || !strings.Contains(r.out+r.errOut, text) {
			t.Errorf("exit code %d, want %d with %q\n%s%s", r.code, code, text, r.out, r.errOut)
		}
	}
}

// runs has the person run the plugin.
func (p *person) runs(t *testing.T, args ...string) result {
	t.Helper()
	return p.runsWith(t, "", args...)
}

// runsWith has standard input be something.
func (p *person) runsWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	streams := genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut}
	code := kubectlapitoken.Run(t.Context(), append(args, "--kubeconfig", p.kubeconfig), streams, clock.RealClock{})
	return result{out.String(), errOut.String(), code}
}

// newPolicy makes a policy in a namespace of its own, for namespaces with the label jira: "yes".
func newPolicy(t *testing.T, changes ...func(*v1alpha1.TokenPolicy)) *v1alpha1.TokenPolicy {
	t.Helper()
	p := &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: plane.Namespace(t), Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "http://jira:8080/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"jira": "yes"}}},
			Requesters:        &v1alpha1.Requesters{StripPrefix: "oidc:"},
		},
	}
	for _, change := range changes {
		change(p)
	}
	must(t, plane.Client.Create(t.Context(), p))
	return p
}

func name(p *v1alpha1.TokenPolicy) string { return client.ObjectKeyFromObject(p).String() }
