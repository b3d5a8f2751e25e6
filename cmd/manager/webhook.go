// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/pflag"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
)

// maxDrainDelay leaves something of a pod's usual 30 seconds for the end.
const maxDrainDelay = 20 * time.Second

type webhookOptions struct {
	on           bool
	address, url string
	certificates string
	drainDelay   time.Duration
}

func (o *webhookOptions) addFlags(fs *pflag.FlagSet) {
	fs.BoolVar(&o.on, "admission-webhook", true,
		"serve the webhook that stamps ApiTokens and TokenApprovals with who asked; off, no new stamps are made: delete the "+
			"MutatingWebhookConfiguration as well, or none can be created")
	fs.StringVar(&o.address, "webhook-bind-address", ":9443", "address of the webhook, over HTTPS")
	fs.StringVar(&o.url, "webhook-url", "",
		"where the API server reaches the webhook of a manager outside the cluster, such as https://192.0.2.7:9443; default: "+
			"through the Service "+setup.WebhookService)
	fs.StringVar(&o.certificates, "certificate-dir", "",
		"folder with tls.crt, tls.key and ca.crt, such as a mounted Secret of cert-manager: what the webhook and the endpoint of "+
			"--activity-bind-address are served with, read anew when it changes; whoever makes it writes the caBundle as well; "+
			"default: the manager makes its own certificates")
	fs.DurationVar(&o.drainDelay, "drain-delay", 5*time.Second,
		"how long the manager goes on after SIGTERM, until the Service has noticed")
}

func (o *webhookOptions) validate() error {
	if _, err := o.host(); err != nil {
		return err
	}
	if _, _, err := setup.SplitAddress(o.address); err != nil {
		return fmt.Errorf("--webhook-bind-address: %w", err)
	}
	if o.drainDelay < 0 || o.drainDelay > maxDrainDelay {
		return fmt.Errorf("--drain-delay is %s; 0s to %s is needed", o.drainDelay, maxDrainDelay)
	}
	return nil
}

// host is that of --webhook-url; empty: there is none.
func (o *webhookOptions) host() (string, error) { return hostOf("--webhook-url", o.url) }

// hostOf gives host:port of a flag's URL; empty: there is none.
func hostOf(flag, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || value != "https://"+u.Host {
		return "", fmt.Errorf("%s is %q; https://host:port is needed", flag, value)
	}
	return u.Host, nil
}

// admissionOptions are those of the flags.
func (o *options) admissionOptions() (setup.AdmissionOptions, error) {
	host, err := o.webhook.host()
	activityHost, activityErr := hostOf("--activity-url", o.activity.url)
	return setup.AdmissionOptions{
		Namespace: o.namespace, Webhook: o.webhook.on, Address: o.webhook.address, Host: host, ActivityHost: activityHost,
		CertificateDir: o.webhook.certificates, Registerer: metrics.Registry,
	}, errors.Join(err, activityErr)
}
