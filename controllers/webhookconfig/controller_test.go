// SPDX-License-Identifier: Apache-2.0

package webhookconfig_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/controllers/webhookconfig"
)

const configurationName = ownobjects.WebhookConfiguration

var requestForTest ctrl.Request

func count(bundle []byte) int { return bytes.Count(bundle, []byte("BEGIN CERTIFICATE")) }

func authoritySecret(t *testing.T, namespace string) *corev1.Secret {
	t.Helper()
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: webhookconfig.SecretName}, &secret))
	return &secret
}

// Without a webhook configuration the webhook is off, and the manager is ready all the same.
func TestWithoutConfiguration(t *testing.T) {
	namespace := plane.Namespace(t)
	r := newReplica(t, namespace, clocktesting.NewFakeClock(time.Now()), webhookconfig.Endpoint{Namespace: namespace, Service: "s"})
	result := r.reconcile(t)
	must(t, r.server.Ready(nil))
	if result.RequeueAfter != time.Minute {
		t.Errorf("looks again in %s", result.RequeueAfter)
	}
	certificate, err := r.server.GetCertificate(nil)
	must(t, err)
	if names := certificate.Leaf.DNSNames; len(names) != 1 || names[0] != "s."+namespace+".svc" {
		t.Errorf("the certificate is for %q", names)
	}
	if secret := authoritySecret(t, namespace); secret.Type != v1alpha1.SecretTypeWebhookAuthority || len(secret.Data) != 1 {
		t.Errorf("a Secret of type %s with %d authorities", secret.Type, len(secret.Data))
	}
}

// A second run writes nothing.
func TestNoWriteWithoutChange(t *testing.T) {
	namespace := plane.Namespace(t)
	configuration := configure(t, namespace)
	r := newReplica(t, namespace, clocktesting.NewFakeClock(time.Now()), webhookconfig.Endpoint{Namespace: namespace, Service: "s"})
	r.reconcile(t)
	versions := func() [2]string {
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(configuration), configuration))
		return [2]string{configuration.ResourceVersion, authoritySecret(t, namespace).ResourceVersion}
	}
	before := versions()
	r.reconcile(t)
	if after := versions(); after != before {
		t.Errorf("%v became %v", before, after)
	}
	for _, w := range configuration.Webhooks {
		if s := w.ClientConfig.Service; s == nil || s.Name != "y" || w.ClientConfig.URL != nil || count(w.ClientConfig.CABundle) != 1 {
			t.Errorf("have %+v", w.ClientConfig)
		}
	}
}

// A manager outside the cluster says where it is; one in the cluster takes that back.
func TestEndpoint(t *testing.T) {
	namespace := plane.Namespace(t)
	configuration := configure(t, namespace)
	clock := clocktesting.NewFakeClock(time.Now())
	for _, c := range []struct {
		endpoint webhookconfig.Endpoint
		want     string
	}{
		{webhookconfig.Endpoint{Host: "192.0.2.7:9443"}, "https://192.0.2.7:9443/apitokens"},
		{webhookconfig.Endpoint{Namespace: namespace, Service: "s"}, ""},
	} {
		newReplica(t, namespace, clock, c.endpoint).reconcile(t)
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(configuration), configuration))
		have := configuration.Webhooks[1].ClientConfig
		if c.want != "" && (have.URL == nil || *have.URL != c.want || have.Service != nil) {
			t.Errorf("want %s, have %+v", c.want, have)
		}
		if c.want == "" && (have.URL != nil || have.Service.Name != "s" || have.Service.Namespace != namespace || *have.Service.Port != 443) {
			t.Errorf("have %+v", have)
		}
	}
}

// What somebody else put there is not used, and what can't be read is made anew.
func TestSecretsThatCanNotBeUsed(t *testing.T) {
	namespace := plane.Namespace(t)
	configure(t, namespace)
	clock := clocktesting.NewFakeClock(time.Now())
	r := newReplica(t, namespace, clock, webhookconfig.Endpoint{Namespace: namespace, Service: "s"})
	planted := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: webhookconfig.SecretName, Namespace: namespace}}
	must(t, plane.Client.Create(t.Context(), planted))
	_, err := r.reconciler.Reconcile(t.Context(), requestForTest)
	if err == nil || !strings.Contains(err.Error(), "its type is Opaque, not jiratokens.io/webhook-authority: delete it") {
		t.Errorf("have %v", err)
	}
	must(t, plane.Client.Delete(t.Context(), planted))
	r.reconcile(t)
	r.reconcile(t)
	damaged := authoritySecret(t, namespace)
	for name := range damaged.Data {
		damaged.Data[name] = []byte("garbage")
	}
	must(t, plane.Client.Update(t.Context(), damaged))
	r.reconcile(t)
	expectBundles(t, 2) // the one that is served with stays trusted
	must(t, r.server.Ready(nil))
	clock.Step(11 * time.Minute)
	r.reconcile(t)
	expectBundles(t, 1)
	for _, bundle := range bundles(t) {
		if !strings.Contains(string(bundle), "BEGIN CERTIFICATE") || strings.Contains(string(bundle), "KEY") {
			t.Errorf("the caBundle is %s", bundle)
		}
	}
}
