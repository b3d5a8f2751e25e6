// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/jiratokens/jira-token-operator/controllers/webhookconfig"
	"github.com/jiratokens/jira-token-operator/internal/authority"
	"github.com/jiratokens/jira-token-operator/internal/certificatedir"
)

// certificate is what the webhook and the endpoint for reports are served with.
type certificate interface {
	GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error)
	Ready(request *http.Request) error
}

// certify chooses whose certificate that is: the manager's own, or that of a folder.
func (a *Admission) certify() {
	o := &a.options
	if o.CertificateDir != "" {
		a.folder = certificatedir.New(o.CertificateDir, o.Clock, ctrl.Log.WithName("certificate"), a.names()...)
		a.folder.Look() // so that it serves at once
		a.serving = a.folder
	} else {
		a.issued = authority.NewServer(o.Clock, a.names()...)
		a.serving = a.issued
	}
	promauto.With(o.Registerer).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "jiratokens_manager_tls_certificate_expiry_timestamp_seconds",
		Help: "When the certificate expires that this replica serves the webhook with (Unix time); 0 without one.",
	}, a.expiry)
}

// keepCertificate has somebody see to it that the certificate is good, and trusted.
func (a *Admission) keepCertificate(mgr ctrl.Manager) error {
	if a.folder != nil {
		return mgr.Add(a.folder) // the caBundle is written by whoever makes what is in the folder
	}
	configuration := &webhookconfig.Reconciler{
		Client: a.own.GetClient(), Namespace: a.options.Namespace, Clock: a.options.Clock,
		Server: a.issued, Endpoint: a.endpoint,
	}
	return configuration.SetupWithManager(mgr, a.own)
}

// expiry is that of the first of the chain.
func (a *Admission) expiry() float64 {
	served, err := a.serving.GetCertificate(nil)
	if err != nil {
		return 0
	}
	first := served.Leaf.NotAfter
	for _, der := range served.Certificate {
		if c, err := x509.ParseCertificate(der); err == nil && c.NotAfter.Before(first) {
			first = c.NotAfter
		}
	}
	return float64(first.Unix())
}

// folderChanged wakes when there are other authorities in the folder.
func (a *Admission) folderChanged(h handler.EventHandler) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-a.folder.Changed():
					h.Generic(ctx, event.GenericEvent{Object: &corev1.Secret{}}, queue)
				}
			}
		}()
		return nil
	})
}
