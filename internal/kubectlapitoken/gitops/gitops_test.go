// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/gitops"
)

func TestOwnerOf(t *testing.T) {
	type keys = map[string]string
	instance := keys{"app.kubernetes.io/instance": "tokens"}
	for name, c := range map[string]struct {
		object metav1.ObjectMeta
		want   string
	}{
		"nobody":   {metav1.ObjectMeta{Labels: keys{"team": "platform"}}, ""},
		"Flux":     {metav1.ObjectMeta{Labels: keys{"kustomize.toolkit.fluxcd.io/name": "a", "kustomize.toolkit.fluxcd.io/namespace": "b"}}, "Flux's Kustomization b/a"},
		"Helm":     {metav1.ObjectMeta{Labels: keys{"helm.toolkit.fluxcd.io/name": "a", "helm.toolkit.fluxcd.io/namespace": "b"}}, "Flux's HelmRelease b/a"},
		"Argo CD":  {metav1.ObjectMeta{Annotations: keys{"argocd.argoproj.io/tracking-id": "tokens:jiratokens.io/ApiToken:a/b"}}, "Argo CD's application tokens"},
		"by label": {metav1.ObjectMeta{Labels: keys{"argocd.argoproj.io/instance": "tokens"}}, "Argo CD's application tokens"},
		"Argo CD's usual label": {
			metav1.ObjectMeta{Labels: instance, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "argocd-controller"}}}, "Argo CD's application tokens",
		},
		"of somebody who means the terminal": {
			metav1.ObjectMeta{Annotations: keys{"argocd.argoproj.io/tracking-id": "a\x1b[2J\nb\u009b\u202e:x"}}, "Argo CD's application a [2J b  ",
		},
		"a label that anybody sets": {metav1.ObjectMeta{Labels: instance}, ""},
		"helm install": {
			metav1.ObjectMeta{Labels: keys{"app.kubernetes.io/instance": "tokens", "app.kubernetes.io/managed-by": "Helm"}}, "the Helm release tokens",
		},
	} {
		if have := gitops.OwnerOf(&c.object); have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
	}
}
