// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const uninstallPage = "docs/uninstall.md"

// kinds are what people declare.
const kinds = "apitokens,tokenpolicies,tokenapprovals"

// newWorldWithToken has done the quick start up to a token that works, and returns the token.
func newWorldWithToken(t *testing.T) (w *world, token string) {
	t.Helper()
	w = newWorldWithHelm(t)
	w.walk("docs/quickstart.md", "1. Install the operator", "2. Let the gateway be alice", "3. Say who may have tokens", "4. Declare a token")
	<-w.up
	token = w.kubectl("get", "secret", "intake", "-n", "marketing", "-o", "go-template={{.data.token | base64decode}}")
	w.expectStatus(token, http.StatusOK)
	return w, token
}

// TestUninstall: nothing is left of what the page says it removes.
func TestUninstall(t *testing.T) {
	w, token := newWorldWithToken(t)
	w.walk(uninstallPage, "All of it, for good")
	w.expectStatus(token, http.StatusUnauthorized)
	w.expectNothingDeclared()
	for _, left := range []string{
		"secret/intake -n marketing", "deployment/jira-gateway -n jira-gateway", "deployment/jira-token-operator-manager -n " + systemNamespace,
		"validatingadmissionpolicy/jira-token-operator-secrets", "validatingadmissionpolicybinding/jira-token-operator-status",
		"validatingadmissionpolicy/jira-token-operator-stamps", "validatingadmissionpolicybinding/jira-token-operator-stamps",
		"clusterrole/jira-token-operator-manager-role", "mutatingwebhookconfiguration/jira-token-operator",
	} {
		if out, err := w.stack.Kubectl(t.Context(), append([]string{"get"}, strings.Fields(left)...)...); err == nil {
			t.Errorf("it is still there: %s", out)
		}
	}
}

// TestInstallAgain: what was deleted while there was no manager goes once there is one, even if its definition goes as well.
func TestInstallAgain(t *testing.T) {
	w, token := newWorldWithToken(t)
	w.loseManager()
	w.kubectl("delete", kinds, "--all", "--all-namespaces", "--wait=false")
	w.kubectl("delete", "crd", "apitokens.jiratokens.io", "tokenpolicies.jiratokens.io", "--wait=false")
	w.expectStatus(token, http.StatusOK) // as the page warns
	if held := w.kubectl("get", kinds, "--all-namespaces", "-o", "name"); len(strings.Fields(held)) != 2 {
		t.Errorf("what should be held is %q", held)
	}
	w.walk(uninstallPage, "If the manager went first")
	must(t, w.stack.RunManager(t.Context()))
	w.expectStatus(token, http.StatusUnauthorized)
	w.kubectl("wait", "--for=delete", "crd/apitokens.jiratokens.io", "crd/tokenpolicies.jiratokens.io", "--timeout=2m")
}

// TestUninstallWithoutManager: all goes by hand, and no token outlives its ApiToken.
func TestUninstallWithoutManager(t *testing.T) {
	w, token := newWorldWithToken(t)
	w.loseManager()
	w.walk(uninstallPage, "Without the manager")
	w.expectStatus(token, http.StatusUnauthorized)
	if left := w.kubectl("get", kinds, "--all-namespaces", "-o", "name"); left != "" {
		t.Errorf("there is still %s", left)
	}
	w.kubectl("delete", "crd", "apitokens.jiratokens.io", "tokenpolicies.jiratokens.io", "tokenapprovals.jiratokens.io", "--timeout=2m")
	w.expectNothingDeclared()
}

// loseManager takes the operator alone away, as the page says. The gateway goes on.
func (w *world) loseManager() {
	w.Helper()
	w.walk(uninstallPage, "The operator alone")
	w.stack.Manager.Stop()
}

func (w *world) kubectl(args ...string) string {
	w.Helper()
	out, err := w.stack.Kubectl(w.Context(), args...)
	if err != nil {
		w.Fatalf("kubectl %v: %v", args, err)
	}
	return out
}

// expectStatus waits until the gateway answers so to the token.
func (w *world) expectStatus(token string, want int) {
	w.Helper()
	var last error
	err := wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		status, err := w.call(ctx, token)
		last = fmt.Errorf("the gateway answers %d: %w", status, err)
		return err == nil && status == want, nil
	})
	if err != nil {
		w.Fatalf("want %d: %v", want, last)
	}
}

func (w *world) call(ctx context.Context, token string) (status int, err error) {
	url := "http://" + w.stack.GatewayAddress + "/jira/rest/api/2/myself"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// expectNothingDeclared: neither definitions nor hashes are left.
func (w *world) expectNothingDeclared() {
	w.Helper()
	if left := w.kubectl("get", "crd", "-o", "name"); strings.Contains(left, v1alpha1.GroupVersion.Group) {
		w.Errorf("there is still %s", left)
	}
	hashes := w.kubectl("get", "secrets", "--all-namespaces", "-o", "name", "--field-selector=type="+string(v1alpha1.SecretTypeTokenHash))
	if hashes != "" {
		w.Errorf("there is still %s", hashes)
	}
}
