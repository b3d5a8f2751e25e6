// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"net/http"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestMainJob(t *testing.T) {
	token, plaintext := declare(t, "main")
	if status, body := get(t, plaintext); status != http.StatusOK || !strings.Contains(body, `"alice"`) {
		t.Errorf("myself: %d %s", status, body)
	}
	if got := jira.Last(); got.User != "alice" || strings.Contains(got.Header.Get("Authorization"), "jat_") {
		t.Errorf("jira saw user %q", got.User)
	}
	issue := `{"fields":{"project":{"key":"LEADS"},"issuetype":{"name":"Task"},"summary":"x"}}`
	if status, body := send(t, http.MethodPost, "/rest/api/2/issue", plaintext, issue); status != http.StatusForbidden {
		t.Errorf("POST with a read-only token: %d %s", status, body)
	}
	change(t, token, func(a *v1alpha1.ApiToken) { a.Spec.Scopes = append(a.Spec.Scopes, v1alpha1.ScopeWrite) })
	eventually(t, "the token may write", func() bool {
		status, _ := send(t, http.MethodPost, "/rest/api/2/issue", plaintext, issue)
		return status == http.StatusCreated
	})
	change(t, token, func(a *v1alpha1.ApiToken) { a.Spec.Suspend = true })
	eventually(t, "the token is suspended", func() bool {
		status, body := get(t, plaintext)
		return status == http.StatusUnauthorized && strings.Contains(body, "suspended")
	})
	change(t, token, func(a *v1alpha1.ApiToken) { a.Spec.Suspend = false })
	eventually(t, "the token is back", func() bool { status, _ := get(t, plaintext); return status == http.StatusOK })
	must(t, kube.Delete(t.Context(), token))
	eventually(t, "the token is revoked", func() bool { status, _ := get(t, plaintext); return status == http.StatusUnauthorized })
}

// change edits an ApiToken as a person would, again if somebody else was faster.
func change(t *testing.T, token *v1alpha1.ApiToken, edit func(*v1alpha1.ApiToken)) {
	t.Helper()
	eventually(t, "the ApiToken is edited", func() bool {
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(token), token))
		edit(token)
		return kube.Update(t.Context(), token) == nil
	})
}
