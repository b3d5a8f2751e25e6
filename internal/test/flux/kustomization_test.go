// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

const (
	documentedManifest = "../../../docs/flux/kustomization.yaml"
	tenantManifest     = "../../../docs/flux/tenant.yaml"
	requestedAt        = "reconcile.fluxcd.io/requestedAt" // what `flux reconcile` sets
)

// kustomization is a Flux Kustomization that applies a folder of the repository.
type kustomization struct {
	*testing.T

	object *unstructured.Unstructured
	source *unstructured.Unstructured
	folder string
}

// fluxStatus is what both of Flux's kinds tell.
type fluxStatus struct {
	Conditions             []metav1.Condition `json:"conditions"`
	LastHandledReconcileAt string             `json:"lastHandledReconcileAt"`
	LastAttemptedRevision  string             `json:"lastAttemptedRevision"`
	Artifact               struct {
		Revision string `json:"revision"`
	} `json:"artifact"`
}

// gitRepository has Flux fetch the repository.
func gitRepository(namespace, name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "source.toolkit.fluxcd.io/v1",
		"kind":       "GitRepository",
		"metadata":   map[string]any{"namespace": namespace, "name": name},
		"spec":       map[string]any{"url": git.url(), "interval": "1h", "ref": map[string]any{"branch": "main"}},
	}}
}

// platform is what the documented Kustomization refers to.
func platform() *unstructured.Unstructured { return gitRepository(fluxNamespace, "platform") }

// documented is the Kustomization of docs/flux.
func documented() (*unstructured.Unstructured, error) {
	text, err := os.ReadFile(documentedManifest)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{}
	return u, yaml.Unmarshal(text, &u.Object)
}

// plain leaves the health of the objects to kstatus.
func plain(u *unstructured.Unstructured) {
	unstructured.RemoveNestedField(u.Object, "spec", "healthCheckExprs")
}

// newKustomization commits files, and has a Kustomization like the documented one apply them. What it applies goes with the test.
func newKustomization(t *testing.T, name string, files map[string]string, change ...func(*unstructured.Unstructured)) *kustomization {
	t.Helper()
	u, err := documented()
	must(t, err)
	u.SetName(name)
	must(t, unstructured.SetNestedField(u.Object, "./"+name, "spec", "path"))
	must(t, unstructured.SetNestedField(u.Object, fluxNamespace, "spec", "sourceRef", "namespace"))
	for _, f := range change {
		f(u)
	}
	k := &kustomization{T: t, object: u, source: platform(), folder: name}
	k.commit(files)
	must(t, kube.Create(t.Context(), u))
	t.Cleanup(func() { _ = kube.Delete(context.Background(), u) })
	return k
}

// commit commits files of its folder, and waits until source-controller has fetched them.
func (k *kustomization) commit(files map[string]string) {
	k.Helper()
	inRepository := map[string]string{}
	for name, text := range files {
		inRepository[filepath.Join(k.folder, name)] = text
	}
	revision, err := git.commit(k.Context(), k.Name(), inRepository)
	must(k.T, err)
	k.request(k.source)
	eventually(k.T, "the commit is fetched", func() bool { return statusOf(k.T, k.source).Artifact.Revision == revision })
}

// reconcile asks for a reconciliation, and returns the condition Ready that it ended with.
func (k *kustomization) reconcile() metav1.Condition {
	k.Helper()
	asked := k.request(k.object)
	eventually(k.T, k.object.GetName()+" is reconciled", func() bool {
		return statusOf(k.T, k.object).LastHandledReconcileAt == asked
	})
	return k.done()
}

// done waits until what was fetched last is applied, or could not be, and returns the condition Ready. It may be the commit of
// another Kustomization's files.
func (k *kustomization) done() (ready metav1.Condition) {
	k.Helper()
	revision := statusOf(k.T, k.source).Artifact.Revision
	eventually(k.T, k.object.GetName()+" is done", func() bool {
		s := statusOf(k.T, k.object)
		c := meta.FindStatusCondition(s.Conditions, "Ready")
		if c == nil || c.Status == metav1.ConditionUnknown || s.LastAttemptedRevision != revision {
			return false
		}
		ready = *c
		return true
	})
	return ready
}

// apply commits files and expects that Flux finds all of it healthy.
func (k *kustomization) apply(files map[string]string) {
	k.Helper()
	k.commit(files)
	k.expectReady()
}

// expectReady asks again where the webhook did not answer in time, which happens on a busy machine.
func (k *kustomization) expectReady() {
	k.Helper()
	var ready metav1.Condition
	for range 3 {
		if ready = k.reconcile(); ready.Status == metav1.ConditionTrue {
			return
		}
		if !strings.Contains(ready.Message, "failed calling webhook") {
			break
		}
	}
	k.Fatalf("Kustomization %s: %s: %s", k.object.GetName(), ready.Reason, ready.Message)
}

// request does what `flux reconcile` does.
func (k *kustomization) request(u *unstructured.Unstructured) (asked string) {
	k.Helper()
	asked = time.Now().Format(time.RFC3339Nano)
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, requestedAt, asked)
	must(k.T, kube.Patch(k.Context(), u, client.RawPatch(types.MergePatchType, []byte(patch)), client.FieldOwner("flux")))
	return asked
}

func statusOf(t *testing.T, u *unstructured.Unstructured) fluxStatus {
	t.Helper()
	must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(u), u))
	s, err := decodeStatus(u)
	must(t, err)
	return s
}

func decodeStatus(u *unstructured.Unstructured) (s fluxStatus, err error) {
	status, _, err := unstructured.NestedMap(u.Object, "status")
	if err != nil {
		return s, err
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructured(status, &s)
	return s, err
}
