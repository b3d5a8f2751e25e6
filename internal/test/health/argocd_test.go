// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// TestArgoConfigurationIsMerged as its head tells to: what is in the ConfigMap stays, and the same script judges policies and
// tokens.
func TestArgoConfigurationIsMerged(t *testing.T) {
	existing := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "argocd-cm"}, Data: map[string]string{"url": "https://argocd.example"},
	}
	must(t, plane.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "argocd"}}))
	must(t, plane.Client.Create(t.Context(), existing))
	text, err := os.ReadFile(argoFile)
	must(t, err)
	patch, err := yaml.YAMLToJSON(text)
	must(t, err)
	must(t, plane.Client.Patch(t.Context(), existing, client.RawPatch(types.StrategicMergePatchType, patch)))
	const health = "resource.customizations.health.jiratokens.io_"
	if existing.Data["url"] == "" || len(existing.Data) != 7 || existing.Data[health+"ApiToken"] == "" ||
		existing.Data[health+"ApiToken"] != existing.Data[health+"TokenPolicy"] {
		t.Errorf("have %+v", existing.Data)
	}
}
