// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"bytes"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var (
	configurationKey = types.NamespacedName{Name: "jira-token-operator"}
	authorityKey     = types.NamespacedName{Namespace: systemNamespace, Name: "jira-token-operator-webhook-authority"}
)

func TestCABundleIsRepaired(t *testing.T) {
	start(t, options{})
	namespace := plane.Namespace(t)
	var before, after admissionregistrationv1.MutatingWebhookConfiguration
	must(t, plane.Client.Get(t.Context(), configurationKey, &before))
	for what, edit := range map[string]func(*admissionregistrationv1.WebhookClientConfig){
		"emptied": func(c *admissionregistrationv1.WebhookClientConfig) { c.CABundle = nil },
		"another": func(c *admissionregistrationv1.WebhookClientConfig) { c.CABundle = plane.Config.CAData },
		"service": func(c *admissionregistrationv1.WebhookClientConfig) {
			c.URL, c.Service = nil, &admissionregistrationv1.ServiceReference{Namespace: "default", Name: "x", Path: new("/apitokens")}
		},
	} {
		eventually(t, func() error {
			must(t, plane.Client.Get(t.Context(), configurationKey, &after))
			edit(&after.Webhooks[0].ClientConfig)
			return plane.Client.Update(t.Context(), &after)
		})
		eventually(t, func() error {
			must(t, plane.Client.Get(t.Context(), configurationKey, &after))
			repaired, was := after.Webhooks[0].ClientConfig, before.Webhooks[0].ClientConfig
			if !bytes.Contains(repaired.CABundle, was.CABundle) || repaired.URL == nil || *repaired.URL != *was.URL {
				return errNotYet
			}
			return nil
		})
		eventually(t, func() error { return plane.Client.Create(t.Context(), newToken(namespace, "t"), client.DryRunAll) })
		t.Log(what)
	}
}

// Deleting the Secret is how an administrator has the authorities made anew: nothing is refused meanwhile.
func TestAuthoritiesAreMadeAnew(t *testing.T) {
	start(t, options{})
	namespace := plane.Namespace(t)
	var before, after corev1.Secret
	must(t, plane.Client.Get(t.Context(), authorityKey, &before))
	must(t, plane.Client.Delete(t.Context(), before.DeepCopy()))
	eventually(t, func() error {
		must(t, plane.Client.Create(t.Context(), newToken(namespace, "t"), client.DryRunAll))
		err := plane.Client.Get(t.Context(), authorityKey, &after)
		if apierrors.IsNotFound(err) || after.UID == before.UID {
			return errNotYet
		}
		return err
	})
	eventually(t, func() error { // both are trusted: the old one is served for another minute
		must(t, plane.Client.Create(t.Context(), newToken(namespace, "t"), client.DryRunAll))
		var configuration admissionregistrationv1.MutatingWebhookConfiguration
		must(t, plane.Client.Get(t.Context(), configurationKey, &configuration))
		for _, w := range configuration.Webhooks {
			if bytes.Count(w.ClientConfig.CABundle, []byte("BEGIN CERTIFICATE")) != 2 {
				return errNotYet
			}
		}
		return nil
	})
}
