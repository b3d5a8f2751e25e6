// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const alicesPassword = "a password that no script needs to know"

// recipe is a policy and a token under it, in the world of the whole page.
type recipe struct {
	*testing.T

	w     *world
	token *v1alpha1.ApiToken
}

// prepareKitchen installs the operator and what all recipes take for granted: namespaces, owners and who may declare.
func (w *world) prepareKitchen() {
	w.Helper()
	must(w.T, w.stack.Install(w.Context()))
	names := []string{stack.PolicyNamespace, "dev", "ci", "reporting", "marketing", "team-a", "team-b", "ops"}
	for _, name := range names {
		w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	all := jiratest.Browse | jiratest.Edit
	for _, name := range []string{"alice", "bob", "svc-ci", "svc-reporting", "svc-zapier", "admin"} {
		w.jira.AddUser(jiratest.User{Name: name, Password: alicesPassword, Permissions: all})
		w.create(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: name, Labels: map[string]string{
				v1alpha1.LabelPolicy: stack.PolicyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
			}},
			StringData: map[string]string{"owner": name, "token": w.jira.AddPAT(name)},
		})
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "declare"},
		RoleRef: rbacv1.RoleRef{
			APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "jira-token-operator-apitoken-editor",
		},
	}
	for _, name := range []string{"oidc:alice@corp.example", "oidc:bob@corp.example"} {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: name})
	}
	for _, namespace := range []string{"team-a", "team-b"} {
		binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "ServiceAccount", Namespace: namespace, Name: "flux"})
	}
	w.create(binding)
}

func (w *world) create(o client.Object) {
	w.Helper()
	must(w.T, w.client.Create(w.Context(), o))
}

// cook applies the policy, and leaves the token to the claims. Tokens that another recipe has left are deleted first.
func (w *world) cook(t *testing.T, manifests string) *recipe {
	t.Helper()
	r := &recipe{T: t, w: w, token: &v1alpha1.ApiToken{}}
	policy, declared, ok := strings.Cut(manifests, "---\n")
	if !ok {
		t.Fatal("a recipe is a policy and a token")
	}
	must(t, yaml.UnmarshalStrict([]byte(declared), r.token))
	r.kubectl("delete", "apitokens,tokenapprovals", "--all", "-A", "--timeout=2m")
	out, err := w.stack.KubectlWith(t.Context(), strings.NewReader(policy), "apply", "--server-side", "--force-conflicts", "-f", "-")
	if err != nil {
		t.Fatal(out, err)
	}
	return r
}

// another is the same token by another name.
func (r *recipe) another(name string) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: r.token.Namespace, Name: name}, Spec: *r.token.Spec.DeepCopy(),
	}
}

// declare creates a token as somebody, and waits for what becomes of it. Empty: as an administrator of the cluster.
func (r *recipe) declare(t *v1alpha1.ApiToken, by, reason string) {
	r.Helper()
	config := rest.CopyConfig(r.w.stack.Config)
	config.Impersonate.UserName = by
	config.WarningHandler = rest.NoWarnings{}
	c, err := client.New(config, client.Options{Scheme: r.w.client.Scheme()})
	must(r.T, err)
	last := ""
	r.eventuallySaying("it is declared", &last, func() bool { // once the webhook is there
		err := c.Create(r.Context(), t)
		if err != nil {
			last = err.Error()
		}
		return err == nil
	})
	r.becomes(t, reason)
}

// becomes waits for the reason of a token's condition Active.
func (r *recipe) becomes(t *v1alpha1.ApiToken, reason string) {
	r.Helper()
	last := ""
	r.eventuallySaying(t.Name+" is "+reason, &last, func() bool {
		must(r.T, r.w.client.Get(r.Context(), client.ObjectKeyFromObject(t), t))
		c := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionActive)
		if c == nil {
			return false
		}
		last = c.Reason + ": " + c.Message
		return c.Reason == reason && t.Status.ObservedGeneration == t.Generation
	})
}

// change edits the policy, as an administrator would.
func (r *recipe) change(patch string) {
	r.Helper()
	policy := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: stack.PolicyName}}
	must(r.T, r.w.client.Patch(r.Context(), policy, client.RawPatch(types.JSONPatchType, []byte(patch)), client.FieldOwner("kubectl")))
}

func (r *recipe) kubectl(args ...string) string {
	r.Helper()
	out, err := r.w.stack.Kubectl(r.Context(), args...)
	must(r.T, err)
	return out
}

// plaintext is what a workload would read from the token's Secret.
func (r *recipe) plaintext(t *v1alpha1.ApiToken) string {
	r.Helper()
	var secret corev1.Secret
	must(r.T, r.w.client.Get(r.Context(), types.NamespacedName{Namespace: t.Namespace, Name: t.Name}, &secret))
	return string(secret.Data["token"])
}

// call is a request through the gateway: with a token of an ApiToken, a plaintext, or a user and password.
type call struct {
	token        *v1alpha1.ApiToken
	plaintext    string
	basic        [2]string
	method, path string
	body         string
	header       http.Header
}

// works: Jira takes the token for its owner's.
func (r *recipe) works(t *v1alpha1.ApiToken) {
	r.Helper()
	path := "/rest/api/2/issue/LEADS-1"
	r.answers(call{token: t, path: path}, http.StatusOK, "LEADS-1")
	if seen := r.w.jira.Last(); seen.User != string(t.Spec.Owner) {
		r.Errorf("Jira took the request for that of %q", seen.User)
	}
}

// answers waits, since gateways follow their policy a moment later, until a request is answered so.
func (r *recipe) answers(c call, status int, part string) {
	r.Helper()
	last := ""
	r.eventuallySaying(c.path+" is answered", &last, func() bool {
		response, body := r.send(c)
		last = response.Status + " " + body
		return response.StatusCode == status && strings.Contains(body, part)
	})
}

func (r *recipe) send(c call) (*http.Response, string) {
	r.Helper()
	request, err := http.NewRequestWithContext(r.Context(), c.method, "http://"+r.w.stack.GatewayAddress+"/jira"+c.path,
		bytes.NewReader([]byte(c.body)))
	must(r.T, err)
	maps.Copy(request.Header, c.header)
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	switch {
	case c.basic[0] != "":
		request.SetBasicAuth(c.basic[0], c.basic[1])
	case c.token != nil:
		request.Header.Set("Authorization", "Bearer "+r.plaintext(c.token))
	default:
		request.Header.Set("Authorization", "Bearer "+c.plaintext)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil { // the gateway does not run yet
		return &http.Response{Status: err.Error()}, ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(r.T, err)
	return response, string(body)
}

func (r *recipe) eventually(what string, done func() bool) {
	r.Helper()
	nothing := ""
	r.eventuallySaying(what, &nothing, done)
}

func (r *recipe) eventuallySaying(what string, last *string, done func() bool) {
	r.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.Fatalf("waited in vain until %s: %s", what, *last)
		}
	}
}
