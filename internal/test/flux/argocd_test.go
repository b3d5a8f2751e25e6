// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"fmt"
	"os"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestArgoCDIgnoresWhatTheOperatorWrites: whatever is in the metadata of live objects and not in Git is among the ignoreDifferences
// of docs/argocd. What Argo CD does with them is not tried here.
func TestArgoCDIgnoresWhatTheOperatorWrites(t *testing.T) {
	documentedKustomization(t).expectReady()
	text, err := os.ReadFile("../../../docs/argocd/argocd-cm.yaml")
	must(t, err)
	var settings corev1.ConfigMap
	must(t, yaml.UnmarshalStrict(text, &settings))
	for _, object := range []client.Object{policy(t), expect(t, intake, v1alpha1.ReasonIssued), expect(t, leads, v1alpha1.ReasonIssued)} {
		kind, err := apiutil.GVKForObject(object, kube.Scheme())
		must(t, err)
		var ignored struct {
			JSONPointers []string `json:"jsonPointers"`
		}
		key := fmt.Sprintf("resource.customizations.ignoreDifferences.%s_%s", kind.Group, kind.Kind)
		must(t, yaml.UnmarshalStrict([]byte(settings.Data[key]), &ignored))
		pointers := " " + strings.Join(ignored.JSONPointers, " ") + " "
		written := []string{"/status", "/metadata/finalizers"}
		if len(object.GetFinalizers()) == 0 {
			t.Errorf("%s %s has no finalizer", kind.Kind, object.GetName())
		}
		for annotation := range object.GetAnnotations() { // Git has none
			written = append(written, "/metadata/annotations/"+strings.ReplaceAll(annotation, "/", "~1"))
		}
		for _, pointer := range written {
			if !strings.Contains(pointers, " "+pointer+" ") {
				t.Errorf("%s of %s is not among its ignoreDifferences: %s", pointer, kind.Kind, pointers)
			}
		}
	}
}
