// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// A deny list takes effect although the same change names a Secret that does not exist, and others go on being served.
func TestDenyTakesEffectWithABrokenReference(t *testing.T) {
	jira := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-AUSERNAME", "alice")
		_, _ = io.WriteString(w, `{"answered":true}`)
	}))
	defer jira.Close()
	p := startProgram(t, jira.URL)
	change := func(edit func(*gatewayconfig.Config)) {
		t.Helper()
		var secret corev1.Secret
		key := client.ObjectKey{Namespace: p.namespace, Name: resources.ConfigName("jira")}
		must(t, plane.Client.Get(t.Context(), key, &secret))
		config, err := gatewayconfig.Decode(secret.Data[gatewayconfig.DataKey])
		must(t, err)
		edit(config)
		secret.Data[gatewayconfig.DataKey], err = gatewayconfig.Encode(config)
		must(t, err)
		must(t, plane.Client.Update(t.Context(), &secret))
	}
	change(func(c *gatewayconfig.Config) {
		c.Jira.CABundle = &gatewayconfig.KeyRef{Name: "missing", Key: "ca.crt"}
	})
	p.eventually(t, "reported", func() bool { return strings.Contains(p.logs.String(), `secret \"missing\" was not found`) })
	if got := p.call("/rest/api/2/myself"); !strings.Contains(got, "answered") {
		t.Errorf("with a broken reference: %s", got)
	}
	change(func(c *gatewayconfig.Config) { c.Deny.Tokens = []string{"team/ci"} })
	p.eventually(t, "denied", func() bool { return strings.Contains(p.call("/rest/api/2/myself"), "denies this token by its name") })
	change(func(c *gatewayconfig.Config) { c.Deny.Tokens = nil })
	p.eventually(t, "served again", func() bool { return strings.Contains(p.call("/rest/api/2/myself"), "answered") })
	p.terminate()
	must(t, <-p.ended)
}
