// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// manifest is an ApiToken as it stands in Git, and whatever more there is of its metadata and spec.
func manifest(name types.NamespacedName, scopes, metadata, spec string) string {
	return fmt.Sprintf(`apiVersion: jiratokens.io/v1alpha1
kind: ApiToken
metadata: {namespace: %s, name: %s, %s}
spec: {owner: alice, policyRef: {namespace: jira-gateway, name: jira}, lifetime: 24h, scopes: [%s], %s}
`, name.Namespace, name.Name, metadata, scopes, spec)
}

// namespace makes one where a rule of the policy permits tokens. It has the rule's and the test's name.
func namespace(t *testing.T, rule, name string) {
	t.Helper()
	must(t, kube.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{"jiratokens.io/allowed": "true", "rule": rule},
	}}))
}

func named(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}

// expect waits for the reason of a token's condition Active, and returns the token.
func expect(t *testing.T, name types.NamespacedName, reason string) (token *v1alpha1.ApiToken) {
	t.Helper()
	eventually(t, name.String()+" is "+reason, func() bool {
		token = &v1alpha1.ApiToken{}
		if err := client.IgnoreNotFound(kube.Get(t.Context(), name, token)); err != nil {
			t.Fatal(err)
		}
		c := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionActive)
		return c != nil && c.Reason == reason && token.Status.ObservedGeneration == token.Generation
	})
	return token
}

// plaintext is what a workload reads.
func plaintext(t *testing.T, name types.NamespacedName) string {
	t.Helper()
	var secret corev1.Secret
	must(t, kube.Get(t.Context(), name, &secret))
	return string(secret.Data["token"])
}

// expectAccepted waits until the gateway lets a token through.
func expectAccepted(t *testing.T, token string) {
	t.Helper()
	expectAnswer(t, token, http.StatusOK, `"alice"`)
}

// expectRefused waits until the gateway refuses a token, and says why.
func expectRefused(t *testing.T, token, why string) {
	t.Helper()
	expectAnswer(t, token, http.StatusUnauthorized, why)
}

func expectAnswer(t *testing.T, token string, status int, text string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the gateway answers %d with %q", status, text), func() bool {
		have, body := ask(t, token)
		return have == status && strings.Contains(body, text)
	})
}

// ask asks Jira, through the gateway, who the token is; status 0: it has failed.
func ask(t *testing.T, token string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+local.GatewayAddress+"/jira/rest/api/2/myself", http.NoBody)
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(read)
}

// kubectl runs it as the administrator.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := local.Kubectl(t.Context(), args...)
	must(t, err)
	return out
}

// versions are the UIDs and resource versions of the policy, of a namespace's ApiTokens, their Secrets and hash Secrets, and of
// all approvals.
func versions(t *testing.T, namespace string) map[string]string {
	t.Helper()
	out := map[string]string{}
	note := func(kind string, o client.Object) {
		out[kind+" "+client.ObjectKeyFromObject(o).String()] = string(o.GetUID()) + " " + o.GetResourceVersion()
	}
	note("TokenPolicy", policy(t))
	var tokens v1alpha1.ApiTokenList
	must(t, kube.List(t.Context(), &tokens, client.InNamespace(namespace)))
	for i := range tokens.Items {
		note("ApiToken", &tokens.Items[i])
		secrets := secretsOf(t, &tokens.Items[i])
		for j := range secrets {
			note("Secret", &secrets[j])
		}
	}
	var approvals v1alpha1.TokenApprovalList
	must(t, kube.List(t.Context(), &approvals))
	for i := range approvals.Items {
		note("TokenApproval", &approvals.Items[i])
	}
	return out
}

// secretsOf are a token's Secret and the hash Secrets of its credentials.
func secretsOf(t *testing.T, token *v1alpha1.ApiToken) []corev1.Secret {
	t.Helper()
	var list corev1.SecretList
	must(t, kube.List(t.Context(), &list, client.MatchingLabels{v1alpha1.LabelTokenUID: string(token.UID)}))
	return list.Items
}

func policy(t *testing.T) *v1alpha1.TokenPolicy {
	t.Helper()
	var p v1alpha1.TokenPolicy
	must(t, kube.Get(t.Context(), named(stack.PolicyNamespace, stack.PolicyName), &p))
	return &p
}
