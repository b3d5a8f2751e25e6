// SPDX-License-Identifier: Apache-2.0

package webhookconfig_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/controllers/webhookconfig"
	"github.com/jiratokens/jira-token-operator/internal/authority"
)

// replica is one manager: its reconciler, run by hand, and its webhook, which admits everything.
type replica struct {
	reconciler *webhookconfig.Reconciler
	server     *authority.Server
	address    string
	asked      atomic.Int64
	dying      atomic.Bool // before it writes the webhook configuration
}

func newReplica(t *testing.T, namespace string, clock *clocktesting.FakeClock, endpoint webhookconfig.Endpoint) *replica {
	t.Helper()
	r := &replica{server: authority.NewServer(clock, endpoint.Names()...)}
	mortal := interceptor.NewClient(plane.Client, interceptor.Funcs{
		Update: func(ctx context.Context, c client.WithWatch, object client.Object, options ...client.UpdateOption) error {
			if _, ok := object.(*admissionregistrationv1.MutatingWebhookConfiguration); ok && r.dying.Load() {
				return errors.New("killed")
			}
			return c.Update(ctx, object, options...)
		},
	})
	r.reconciler = &webhookconfig.Reconciler{Client: mortal, Namespace: namespace, Clock: clock, Server: r.server, Endpoint: endpoint}
	admit := &admission.Webhook{Handler: admission.HandlerFunc(func(context.Context, admission.Request) admission.Response {
		r.asked.Add(1)
		return admission.Allowed("")
	})}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: r.server.GetCertificate, MinVersion: tls.VersionTLS12})
	must(t, err)
	r.address = listener.Addr().String()
	serve := &http.Server{Handler: admit, ReadHeaderTimeout: time.Minute}
	serve.SetKeepAlivesEnabled(false) // each request needs a handshake
	go func() { _ = serve.Serve(listener) }()
	t.Cleanup(func() { _ = serve.Close() })
	return r
}

func (r *replica) reconcile(t *testing.T) ctrl.Result {
	t.Helper()
	result, err := r.reconciler.Reconcile(t.Context(), ctrl.Request{})
	must(t, err)
	return result
}

// issuer is the name of the authority whose certificate the replica serves.
func (r *replica) issuer(t *testing.T) string {
	t.Helper()
	certificate, err := r.server.GetCertificate(nil)
	must(t, err)
	return certificate.Leaf.Issuer.CommonName
}

// balance spreads connections over the replicas, as a Service does.
func balance(t *testing.T, listener net.Listener, replicas *[]*replica) {
	t.Helper()
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for i := 0; ; i++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go forward(conn, (*replicas)[i%len(*replicas)].address)
		}
	}()
}

func forward(conn net.Conn, address string) {
	defer conn.Close()
	backend, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer backend.Close()
	go func() { _, _ = io.Copy(backend, conn) }()
	_, _ = io.Copy(conn, backend)
}

func endpoint(listener net.Listener) webhookconfig.Endpoint {
	return webhookconfig.Endpoint{Host: listener.Addr().String()}
}

// configure makes a webhook configuration without caBundle, as config/webhook does, for the ConfigMaps of a namespace.
func configure(t *testing.T, namespace string) *admissionregistrationv1.MutatingWebhookConfiguration {
	t.Helper()
	none := admissionregistrationv1.SideEffectClassNone
	hook := func(name string) admissionregistrationv1.MutatingWebhook {
		return admissionregistrationv1.MutatingWebhook{
			Name: name, AdmissionReviewVersions: []string{"v1"}, SideEffects: &none,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{Namespace: "x", Name: "y", Path: new("/apitokens")},
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}},
		}
	}
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: ownobjects.WebhookConfiguration},
		Webhooks:   []admissionregistrationv1.MutatingWebhook{hook("one.webhook.test"), hook("two.webhook.test")},
	}
	must(t, plane.Client.Create(t.Context(), configuration))
	t.Cleanup(func() { _ = plane.Client.Delete(context.WithoutCancel(t.Context()), configuration) })
	return configuration
}
