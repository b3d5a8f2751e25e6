// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"net/http/httptest"
	"testing"

	"gomodules.xyz/jsonpatch/v2"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// describe is a webhook of somebody else's: it adds to the description what is missing there.
func describe(_ context.Context, r admission.Request) admission.Response {
	const suffix = " (cost centre 7)"
	var token v1alpha1.ApiToken
	if err := json.Unmarshal(r.Object.Raw, &token); err != nil {
		return admission.Errored(400, err)
	}
	answer := admission.Allowed("")
	if d := token.Spec.Description; len(d) < len(suffix) || d[len(d)-len(suffix):] != suffix {
		answer.Patches = []jsonpatch.JsonPatchOperation{jsonpatch.NewOperation("add", "/spec/description", d+suffix)}
	}
	return answer
}

// A webhook that is called later changes what was asked for: the stamp is for what is stored, and of whoever asked.
func TestAnotherWebhookChangesTheToken(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	server := httptest.NewTLSServer(&admission.Webhook{Handler: admission.HandlerFunc(describe)})
	t.Cleanup(server.Close)
	none := admissionregistrationv1.SideEffectClassNone
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "zz-later-than-ours"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "describe.webhook.test", AdmissionReviewVersions: []string{"v1"}, SideEffects: &none,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL: &server.URL, CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
			},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update},
				Rule: admissionregistrationv1.Rule{
					APIGroups: []string{"jiratokens.io"}, APIVersions: []string{"v1alpha1"}, Resources: []string{"apitokens"},
				},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}},
		}},
	}
	must(t, plane.Client.Create(t.Context(), configuration))
	t.Cleanup(func() { _ = plane.Client.Delete(context.WithoutCancel(t.Context()), configuration) })
	alice, bob := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "bob")
	token := newToken(namespace, "t", func(a *v1alpha1.ApiToken) { a.Spec.Description = "for alice" })
	eventually(t, func() error { // the API server has heard of the webhook
		trial := newToken(namespace, "trial")
		must(t, alice.Create(t.Context(), trial, client.DryRunAll))
		if trial.Spec.Description == "" {
			return errNotYet
		}
		return nil
	})
	must(t, alice.Create(t.Context(), token))
	if have := stored(t, token).Spec.Description; have != "for alice (cost centre 7)" {
		t.Errorf("the description is %q", have)
	}
	m.expectRequester(t, token, alice)
	must(t, bob.Patch(t.Context(), stored(t, token), mergePatch(`{"spec":{"description":"for bob"}}`)))
	m.expectRequester(t, token, bob)
}
