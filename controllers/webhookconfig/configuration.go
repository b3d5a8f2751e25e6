// SPDX-License-Identifier: Apache-2.0

package webhookconfig

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/url"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/internal/authority"
)

// configure corrects the caBundles and where the API server is sent to, and tells of which authorities the API server
// knew before. The rest of the configuration is whoever's who installed it. It may be missing: the webhook is off then.
func (r *Reconciler) configure(ctx context.Context, set authority.Set) (func(*x509.Certificate) bool, error) {
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	err := r.Client.Get(ctx, types.NamespacedName{Name: ownobjects.WebhookConfiguration}, &configuration)
	if apierrors.IsNotFound(err) {
		return authority.TrustedBy(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the webhook configuration: %w", err)
	}
	changed := configuration.DeepCopy()
	var bundles [][]byte
	for i := range changed.Webhooks {
		c := &changed.Webhooks[i].ClientConfig
		bundles = append(bundles, c.CABundle)
		c.CABundle = set.Bundle(c.CABundle, r.Clock.Now())
		r.Endpoint.direct(c)
	}
	if !equality.Semantic.DeepEqual(&configuration, changed) {
		// Conditional on it being as it was read: another replica may know of another authority.
		if err := r.Client.Update(ctx, changed); err != nil && !apierrors.IsConflict(err) {
			return nil, fmt.Errorf("update the webhook configuration: %w", err)
		}
	}
	return authority.TrustedBy(bundles...), nil
}

// Endpoint is where the API server reaches the webhook.
type Endpoint struct {
	// Host is for a manager outside the cluster, such as 192.0.2.7:9443; empty: through Service.
	Host string
	// Namespace and Service are those of the Service, whose port is 443.
	Namespace, Service string
}

// Names are what the webhook's certificate must be for.
func (e Endpoint) Names() []string {
	if e.Host != "" {
		return []string{(&url.URL{Host: e.Host}).Hostname()}
	}
	return []string{e.Service + "." + e.Namespace + ".svc"}
}

// direct sends the API server to the endpoint and leaves the path as it is. A Service that the configuration names is
// left alone.
func (e Endpoint) direct(c *admissionregistrationv1.WebhookClientConfig) {
	switch {
	case e.Host != "":
		c.URL = new((&url.URL{Scheme: "https", Host: e.Host, Path: path(c)}).String())
		c.Service = nil
	case c.Service == nil:
		c.Service = &admissionregistrationv1.ServiceReference{
			Namespace: e.Namespace, Name: e.Service, Path: new(path(c)), Port: new(int32(443)),
		}
		c.URL = nil
	}
}

func path(c *admissionregistrationv1.WebhookClientConfig) string {
	if c.Service != nil {
		return ptr.Deref(c.Service.Path, "/")
	}
	u, err := url.Parse(ptr.Deref(c.URL, ""))
	if err != nil {
		return "/"
	}
	return u.Path
}
