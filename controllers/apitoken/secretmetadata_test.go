// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestDeclaredLabelsOfTheSecret(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Rules[0].Limits.SecretLabels = []v1alpha1.MetadataKeyPattern{"team", "example.com/*"}
		p.Spec.Rules[0].Limits.SecretAnnotations = []v1alpha1.MetadataKeyPattern{"example.com/*"}
	})
	tok := w.token("ci", func(t *v1alpha1.ApiToken) {
		t.Spec.Secret = &v1alpha1.TokenSecret{
			Name: "ci", Labels: map[string]v1alpha1.LabelValue{"team": "a", "example.com/x": "y"},
			Annotations: map[string]v1alpha1.AnnotationValue{"example.com/reload": "true"},
		}
	})
	plaintext := w.issued(tok)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "ci"}}
	edit(w, secret, func(s *corev1.Secret) { s.Labels["somebody"] = "else"; s.Labels["team"] = "b" })
	edit(w, tok, func(t *v1alpha1.ApiToken) {
		t.Spec.Secret.Labels, t.Spec.Secret.Annotations = map[string]v1alpha1.LabelValue{"team": "c"}, nil
	})
	w.reconcileUntil(tok, "the labels are as declared, and the other's is left", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(secret), secret))
		_, reload := secret.Annotations["example.com/reload"]
		_, x := secret.Labels["example.com/x"]
		return secret.Labels["team"] == "c" && secret.Labels["somebody"] == "else" && !reload && !x &&
			secret.Labels[v1alpha1.LabelTokenUID] == string(tok.UID)
	})
	if w.plaintext(tok) != plaintext {
		t.Error("another credential")
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) {
		t.Spec.Secret.Labels = map[string]v1alpha1.LabelValue{"argocd.argoproj.io/instance": "x"}
	})
	w.waits(tok, v1alpha1.ReasonNotPermitted)
}
