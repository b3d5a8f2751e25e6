// SPDX-License-Identifier: Apache-2.0

// Package gitops tells by the marks on an object which GitOps tool declares it: what a person changes by hand, that tool
// changes back.
package gitops

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// The marks of Flux and Argo CD.
const (
	fluxKustomize = "kustomize.toolkit.fluxcd.io"
	fluxHelm      = "helm.toolkit.fluxcd.io"
	argoTracking  = "argocd.argoproj.io/tracking-id"
	argoInstance  = "argocd.argoproj.io/instance"
	instance      = "app.kubernetes.io/instance"
	managedBy     = "app.kubernetes.io/managed-by"
	argoPrefix    = "argocd-"
)

// OwnerOf says what declares an object, such as Flux's Kustomization flux-system/tokens; empty: nothing that is known. Tenants
// write the marks: what they say is shown as a line of text.
func OwnerOf(o metav1.Object) string { return oneline.Printable(ownerOf(o)) }

func ownerOf(o metav1.Object) string {
	labels, annotations := o.GetLabels(), o.GetAnnotations()
	for prefix, kind := range map[string]string{fluxKustomize: "Flux's Kustomization ", fluxHelm: "Flux's HelmRelease "} {
		if name := labels[prefix+"/name"]; name != "" {
			return kind + labels[prefix+"/namespace"] + "/" + name
		}
	}
	if id := annotations[argoTracking]; id != "" {
		application, _, _ := strings.Cut(id, ":")
		return "Argo CD's application " + application
	}
	if name := labels[argoInstance]; name != "" {
		return "Argo CD's application " + name
	}
	return byInstance(o, labels)
}

// byInstance reads the label that Argo CD tracks by unless told otherwise, and that Helm's charts and others set as well.
func byInstance(o metav1.Object, labels map[string]string) string {
	name := labels[instance]
	if name == "" {
		return ""
	}
	for _, entry := range o.GetManagedFields() {
		if strings.HasPrefix(entry.Manager, argoPrefix) {
			return "Argo CD's application " + name
		}
	}
	if labels[managedBy] == "Helm" {
		return "the Helm release " + name
	}
	return ""
}
