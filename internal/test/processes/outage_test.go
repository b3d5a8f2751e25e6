// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestManagerDown: nothing on the request path waits for the manager, and expiry does not need it either.
func TestManagerDown(t *testing.T) {
	_, lasting := declare(t, "lasting")
	_, brief := declare(t, "brief", func(a *v1alpha1.ApiToken) { a.Spec.Lifetime = "8s" })
	local.Manager.Kill()
	t.Cleanup(func() { must(t, local.StartManager(context.Background())) })
	eventually(t, "the brief token expires without the manager", func() bool {
		status, body := get(t, brief)
		if status != http.StatusOK && !strings.Contains(body, "expired") {
			t.Fatalf("%d %s", status, body)
		}
		return status == http.StatusUnauthorized
	})
	if status, body := get(t, lasting); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
}

// TestAPIServerDown: the gateway goes on with what it knows, expires on time, restarts from its snapshot, says how old
// its knowledge is, and catches up.
func TestAPIServerDown(t *testing.T) {
	revoked, lasting := declare(t, "lasting")
	_, brief := declare(t, "brief", func(a *v1alpha1.ApiToken) { a.Spec.Lifetime = "20s" })
	must(t, local.StopAPIServer())
	stopped := true
	t.Cleanup(func() {
		if stopped {
			must(t, local.StartAPIServer())
		}
	})
	for range 20 {
		if status, body := get(t, lasting); status != http.StatusOK {
			t.Fatalf("with the API server down: %d %s", status, body)
		}
	}
	local.Gateway.Kill()
	must(t, local.RestartGateway(t.Context()))
	if status, body := get(t, lasting); status != http.StatusOK {
		t.Errorf("after a restart from the snapshot: %d %s", status, body)
	}
	eventually(t, "a metric says how old the gateway's knowledge is", func() bool { return knowledgeAge(t) > 3 })
	eventually(t, "the brief token expires with the API server down", func() bool {
		status, body := get(t, brief)
		return status == http.StatusUnauthorized && strings.Contains(body, "expired")
	})
	must(t, local.StartAPIServer())
	stopped = false
	if local.Manager.Ended() { // without its lease it must stop; a kubelet would start it again
		must(t, local.StartManager(t.Context()))
	}
	eventually(t, "the ApiToken can be deleted again", func() bool { return kube.Delete(t.Context(), revoked) == nil })
	eventually(t, "the deleted token is refused", func() bool { status, _ := get(t, lasting); return status == http.StatusUnauthorized })
}

// knowledgeAge reads the gateway's metric, in seconds.
func knowledgeAge(t *testing.T) float64 {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+local.GatewayAdminAddress+"/metrics", http.NoBody)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	_, rest, found := strings.Cut(string(text), "\njiratokens_gateway_knowledge_age_seconds{")
	rest, _, _ = strings.Cut(rest, "\n")
	_, value, _ := strings.Cut(rest, "} ")
	age, err := strconv.ParseFloat(value, 64)
	if !found || err != nil {
		t.Fatalf("the metric is missing: %v", err)
	}
	return age
}
