// SPDX-License-Identifier: Apache-2.0

package permissions_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

// world is a policy with two tenants.
type world struct {
	*testing.T
	policy           *v1alpha1.TokenPolicy // not created yet
	tenantA, tenantB string
	gateway          string // the policy's namespace
}

// user is somebody with a client of their own.
type user struct {
	client.Client
	*world

	kubeconfig string
	warned     *[]string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, tenantA: plane.Namespace(t), tenantB: plane.Namespace(t), gateway: plane.Namespace(t)}
	both := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(w.tenantA), v1alpha1.NamespaceName(w.tenantB)}}
	rule := func(name, namespace string, create *v1alpha1.Create) v1alpha1.Rule {
		return v1alpha1.Rule{
			Name: name, Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(namespace)}},
			Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice", "bob"}}, Create: create,
			Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write"}, MaxLifetime: "720h"},
		}
	}
	account := func(namespace string) []v1alpha1.Subject {
		return []v1alpha1.Subject{
			{Kind: v1alpha1.SubjectGroup, Name: "platform-team"},
			{Kind: v1alpha1.SubjectServiceAccount, Name: "flux", Namespace: v1alpha1.NamespaceName(namespace)},
		}
	}
	w.policy = &v1alpha1.TokenPolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "TokenPolicy"},
		ObjectMeta: metav1.ObjectMeta{Namespace: w.gateway, Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "https://jira.internal.example/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-Forwarded-User"}},
			AllowedNamespaces: both,
			Requesters:        &v1alpha1.Requesters{StripPrefix: "oidc:"},
			Rules: []v1alpha1.Rule{
				rule("own-a", w.tenantA, &v1alpha1.Create{Self: true, OnBehalf: account(w.tenantA)}),
				rule("own-b", w.tenantB, &v1alpha1.Create{OnBehalf: account(w.tenantB)}),
			},
		},
	}
	return w
}

func (w *world) token(namespace, name, owner string) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ApiToken"},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: v1alpha1.JiraUserName(owner), Scopes: []v1alpha1.Scope{"read"}, Lifetime: "24h",
			PolicyRef: v1alpha1.PolicyReference{Name: "jira", Namespace: v1alpha1.NamespaceName(w.gateway)},
		},
	}
}

func (w *world) admin() *user { return w.as(plane.Config) }

// person is a user with a certificate, who may edit tokens in both tenants' namespaces.
func (w *world) person(name string, groups ...string) *user {
	w.Helper()
	w.bind("jira-token-operator-apitoken-editor", rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: name}, w.tenantA, w.tenantB)
	return w.as(plane.User(w.T, name, groups...))
}

// gitOps is a ServiceAccount that applies one tenant's repository.
func (w *world) gitOps(namespace string) *user {
	w.Helper()
	w.bind("jira-token-operator-gitops", rbacv1.Subject{Kind: "ServiceAccount", Namespace: namespace, Name: "flux"}, w.tenantA, w.tenantB)
	return w.as(plane.ServiceAccount(w.T, namespace, "flux"))
}

// approver may decide in the policy's namespace, and edit tokens too.
func (w *world) approver(name string) *user {
	w.Helper()
	u := w.person(name)
	w.bind("jira-token-operator-approver", rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: name}, w.gateway)
	return u
}

func (w *world) bind(role string, subject rbacv1.Subject, namespaces ...string) {
	w.Helper()
	for _, namespace := range namespaces {
		must(w.T, plane.Client.Create(w.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "test-"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{subject},
		}))
	}
}

func (w *world) as(config *rest.Config) *user {
	w.Helper()
	u := &user{world: w, kubeconfig: controlplane.Kubeconfig(w.T, config), warned: new([]string)}
	config = rest.CopyConfig(config)
	config.WarningHandler = recorder{u.warned}
	var err error
	u.Client, err = client.New(config, client.Options{Scheme: plane.Scheme})
	must(w.T, err)
	return u
}

// recorder keeps the API server's warnings.
type recorder struct{ warnings *[]string }

func (r recorder) HandleWarningHeader(_ int, _, text string) { *r.warnings = append(*r.warnings, text) }

// said are the warnings since the last time.
func (u *user) said() string {
	text := strings.Join(*u.warned, " ")
	*u.warned = nil
	return text
}

// kubectl runs the real one with an input.
func (u *user) kubectl(input string, arguments ...string) string {
	u.Helper()
	command := exec.CommandContext(u.Context(), kubectl(), arguments...)
	command.Env = []string{"KUBECONFIG=" + u.kubeconfig, "HOME=" + u.TempDir()}
	command.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		u.Fatalf("kubectl %v: %v\n%s", arguments, err, out.String())
	}
	return out.String()
}

// expect waits for the reason of a token's condition Active.
func (w *world) expect(t *v1alpha1.ApiToken, reason string) string {
	w.Helper()
	message := ""
	w.eventually(t.Name+" is "+reason, func() bool {
		must(w.T, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
		c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
		if c == nil || t.Status.ObservedGeneration != t.Generation {
			return false
		}
		message = c.Reason + ": " + c.Message
		return c.Reason == reason
	}, &message)
	return message
}

func (w *world) eventually(what string, done func() bool, last *string) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("timed out waiting until %s: %s", what, *last)
		}
	}
}

// versions are the resource versions of a token and all that it consists of.
func (w *world) versions(t *v1alpha1.ApiToken) map[string]string {
	w.Helper()
	out := map[string]string{}
	note := func(kind string, o client.Object) {
		out[kind+" "+o.GetNamespace()+"/"+o.GetName()] = string(o.GetUID()) + " " + o.GetResourceVersion()
	}
	must(w.T, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
	note("ApiToken", t)
	var secrets corev1.SecretList
	must(w.T, plane.Client.List(w.Context(), &secrets, client.MatchingLabels{v1alpha1.LabelTokenUID: string(t.UID)}))
	for i := range secrets.Items {
		note("Secret", &secrets.Items[i])
	}
	var approvals v1alpha1.TokenApprovalList
	must(w.T, plane.Client.List(w.Context(), &approvals, client.InNamespace(w.gateway)))
	for i := range approvals.Items {
		note("TokenApproval", &approvals.Items[i])
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
