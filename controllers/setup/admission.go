// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	ctrlwebhook "sigs.k8s.io/controller-runtime/pkg/webhook"

	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/controllers/stampkeys"
	"github.com/jiratokens/jira-token-operator/controllers/webhookconfig"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/authority"
	"github.com/jiratokens/jira-token-operator/internal/certificatedir"
	"github.com/jiratokens/jira-token-operator/internal/webhook"
)

// WebhookService is the name of the Service through which the API server reaches the webhook.
const WebhookService = "jira-token-operator-webhook"

// AdmissionOptions say how requests for tokens are admitted.
type AdmissionOptions struct {
	// Namespace is the manager's own.
	Namespace string
	// Webhook serves the webhook. Without it stamps are verified, but none are made.
	Webhook bool
	// Address is where it is served, as host:port; the host may be empty.
	Address string
	// Host is where the API server reaches it, as host:port; empty: through the Service.
	Host string
	// ActivityHost is where gateways report the use of tokens, as host:port; empty: through the Service.
	ActivityHost string
	// CertificateDir has tls.crt, tls.key and ca.crt, made by somebody else; empty: the manager makes its own.
	CertificateDir string
	// Clock tells the time; nil: the real one.
	Clock clock.PassiveClock
	// Registerer takes the webhook's metrics; nil: nobody does.
	Registerer prometheus.Registerer
	// Trail takes who asked for what; nil: nobody does.
	Trail audittrail.Recorder
}

// Admission is the webhook and what it needs. It is made before the manager, which has to know its server.
type Admission struct {
	options  AdmissionOptions
	endpoint webhookconfig.Endpoint
	own      cluster.Cluster
	keys     *stampkeys.Store
	serving  certificate
	issued   *authority.Server   // serving, if the manager makes its own certificates
	folder   *certificatedir.Dir // serving, if somebody else makes them
	server   ctrlwebhook.Server
}

// NewAdmission prepares it.
func NewAdmission(config *rest.Config, scheme *runtime.Scheme, o AdmissionOptions) (*Admission, error) {
	own, err := ownobjects.NewCluster(config, scheme, o.Namespace)
	if err != nil {
		return nil, err
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	a := &Admission{
		options: o, own: own, keys: stampkeys.NewStore(own.GetClient(), o.Namespace),
		endpoint: webhookconfig.Endpoint{Host: o.Host, Namespace: o.Namespace, Service: WebhookService},
	}
	if !o.Webhook {
		return a, nil
	}
	if _, _, err := SplitAddress(o.Address); err != nil {
		return nil, err
	}
	a.certify()
	a.server = newWebhookServer(o.Address, a.serving.GetCertificate, usualWebhookLimits())
	return a, nil
}

// names are what the certificate must be for.
func (a *Admission) names() []string {
	names := a.endpoint.Names()
	if a.options.ActivityHost != "" {
		activity := webhookconfig.Endpoint{Host: a.options.ActivityHost}
		names = append(names, activity.Names()...)
	}
	return slices.Compact(names)
}

// WebhookServer is for the manager's options; nil if the webhook is off.
func (a *Admission) WebhookServer() ctrlwebhook.Server { return a.server }

// Keys verify stamps.
func (a *Admission) Keys() *stampkeys.Store { return a.keys }

// addTo registers everything with the manager. All of it runs on every replica, and the manager is ready once this one can
// serve.
func (a *Admission) addTo(mgr ctrl.Manager, decider webhook.Decider) error {
	keys := &stampkeys.Reconciler{
		Client: a.own.GetClient(), Namespace: a.options.Namespace, Clock: a.options.Clock, Random: rand.Reader,
	}
	if err := errors.Join(mgr.Add(a.own), keys.SetupWithManager(mgr, a.own)); err != nil {
		return fmt.Errorf("set up stamps: %w", err)
	}
	if !a.options.Webhook {
		return nil
	}
	handlers := webhook.Handlers(webhook.Options{
		Scheme: mgr.GetScheme(), Keys: a.keys, Decider: decider, Reader: mgr.GetClient(),
		Clock: a.options.Clock, Registerer: a.options.Registerer, Trail: a.options.Trail,
	})
	for path, handler := range handlers {
		mgr.GetWebhookServer().Register(path, handler) // and has it started
	}
	return errors.Join(
		a.keepCertificate(mgr),
		mgr.AddReadyzCheck("stamp-keys", a.keys.Ready),
		mgr.AddReadyzCheck("webhook-certificate", a.serving.Ready),
		mgr.AddReadyzCheck("webhook", a.server.StartedChecker()),
	)
}

// SplitAddress reads host:port; the host may be empty.
func SplitAddress(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no address such as :9443: %w", address, err)
	}
	if port, err = strconv.Atoi(text); err != nil || port < 1 || port > 65535 {
		return "", 0, fmt.Errorf("%q has no port from 1 to 65535", address)
	}
	return host, port, nil
}
