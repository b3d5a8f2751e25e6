// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestActivity: what a gateway counted is in the token's status when the gateway has ended in order, with the rights and the
// admission policies of config/, and a manager that was killed meanwhile changes no count.
func TestActivity(t *testing.T) {
	token, plaintext := declare(t, "used") // one request
	for range 3 {
		if status, body := get(t, plaintext); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := send(t, http.MethodPost, "/rest/api/2/issue", plaintext, "{}"); status != http.StatusForbidden {
		t.Fatalf("%d %s", status, body)
	}
	restart := func() {
		local.Gateway.Stop()
		must(t, local.RestartGateway(context.WithoutCancel(t.Context())))
	}
	restart()
	activity := func() *v1alpha1.ActivityStatus {
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(token), token))
		return token.Status.Activity
	}
	eventually(t, "the last words of the gateway are written", func() bool { return activity() != nil })
	a := token.Status.Activity
	if a.Requests != 4 || a.Refused != 1 || len(a.Refusals) != 1 || a.Refusals[0] != (v1alpha1.RefusalCount{Reason: "scope", Count: 1}) {
		t.Errorf("%+v", a)
	}
	if a.LastAddress != "127.0.0.0/24" || a.LastUserAgent != "Go-http-client" || a.LastUsedAt == nil || a.LastUsedAt.Second() != 0 ||
		time.Since(a.LastUsedAt.Time) > 5*time.Minute {
		t.Errorf("%+v", a)
	}
	printed, err := local.Kubectl(t.Context(), "get", "apitoken", "-n", token.Namespace, token.Name)
	if err != nil || !strings.Contains(printed, "LAST-USED") {
		t.Errorf("%v %s", err, printed)
	}

	local.Manager.Kill()
	if status, body := get(t, plaintext); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	must(t, local.StartManager(context.WithoutCancel(t.Context())))
	restart()
	eventually(t, "the request without a manager is counted", func() bool { return activity().Requests == 5 })
	var policy v1alpha1.TokenPolicy
	must(t, kube.Get(t.Context(), client.ObjectKey{Namespace: "jira-gateway", Name: "jira"}, &policy))
	if policy.Status.Activity == nil {
		t.Error("the policy's status does not say that its gateways report")
	}
}
