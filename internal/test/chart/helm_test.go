// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

// image is of the values that have no default.
const image = "--set=image.repository=registry.example.com/jira-token-operator,image.tag=dev"

// Helm is one version of it.
type Helm struct {
	t                   *testing.T // which uses it
	program, kubeconfig string
}

// eachHelm runs a test with each version.
func eachHelm(t *testing.T, test func(helm *Helm)) {
	t.Helper()
	for _, program := range []string{"helm3", "helm"} {
		t.Run(program, func(t *testing.T) { test(newHelm(t, program)) })
	}
}

func newHelm(t *testing.T, program string) *Helm {
	t.Helper()
	return &Helm{
		t:          t,
		program:    filepath.Join(os.Getenv("HELM"), program),
		kubeconfig: controlplane.Kubeconfig(t, plane.Config),
	}
}

func (h *Helm) isVersion4() bool { return filepath.Base(h.program) == "helm" }

// try runs Helm, and gives what it printed on its standard output and, in the error, on its standard error.
func (h *Helm) try(ctx context.Context, dir string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, h.program, args...)
	// Nothing of the machine's own.
	command.Env = []string{"KUBECONFIG=" + h.kubeconfig, "HOME=" + dir, "PATH=" + os.Getenv("PATH")}
	var out, problems bytes.Buffer
	command.Stdout, command.Stderr = &out, &problems
	if err := command.Run(); err != nil {
		return out.String(), fmt.Errorf("%s %v: %w: %s", h.program, args, err, problems.String())
	}
	return out.String(), nil
}

func (h *Helm) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.try(t.Context(), t.TempDir(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// install installs the chart, and has everything of it gone when the test ends: there is one operator in a cluster.
func (h *Helm) install(t *testing.T, namespace string, args ...string) string {
	t.Helper()
	t.Cleanup(func() { h.purge(t, namespace) })
	out := h.run(t, append([]string{"install", release, path, "--namespace=" + namespace, image}, args...)...)
	kindsServed(t)
	return out
}

// kindsServed waits until the custom resources can be used. One that is deleted before that goes minutes later: the API server
// fails to list its objects, and tries again ever more seldom.
func kindsServed(t *testing.T) {
	t.Helper()
	for _, list := range []client.ObjectList{&v1alpha1.ApiTokenList{}, &v1alpha1.TokenPolicyList{}, &v1alpha1.TokenApprovalList{}} {
		eventually(t, func() error { return plane.Client.List(t.Context(), list) })
	}
}

const release = "tokens"

// purge removes what Helm leaves as well.
func (h *Helm) purge(t *testing.T, namespace string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	if _, err := h.try(ctx, t.TempDir(), "uninstall", release, "--namespace="+namespace, "--ignore-not-found"); err != nil {
		t.Error(err)
	}
	deleteKept(ctx, t)
}

func deleteKept(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, kept := range keptObjects() {
		if err := plane.Client.Delete(ctx, kept); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
		eventually(t, func() error { // a custom resource's objects go first
			err := plane.Client.Get(ctx, client.ObjectKeyFromObject(kept), kept)
			if err == nil {
				return fmt.Errorf("%s %s is still there: %v", kept.GetKind(), kept.GetName(), kept.Object["status"])
			}
			return client.IgnoreNotFound(err)
		})
	}
}

// keptObjects are what an uninstall leaves by default.
func keptObjects() []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, name := range []string{"apitokens", "tokenpolicies", "tokenapprovals"} {
		out = append(out, named(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"), name+".jiratokens.io"))
	}
	for _, kind := range []string{"ValidatingAdmissionPolicyBinding", "ValidatingAdmissionPolicy"} {
		for _, name := range []string{"jira-token-operator-secrets", "jira-token-operator-stamps", "jira-token-operator-status"} {
			out = append(out, named(schema.GroupVersionKind{Group: "admissionregistration.k8s.io", Version: "v1", Kind: kind}, name))
		}
	}
	return out
}

func named(kind schema.GroupVersionKind, name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(kind)
	object.SetName(name)
	return object
}

// decode reads the objects of YAML documents.
func decode(t *testing.T, content string) []*unstructured.Unstructured {
	t.Helper()
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(content)), 4096)
	var out []*unstructured.Unstructured
	for {
		object := &unstructured.Unstructured{}
		switch err := decoder.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatal(err)
		case object.Object != nil:
			out = append(out, object)
		}
	}
}

// namespace makes one that admits restricted pods alone. As nothing would finish its deletion, it is there for all tests.
func namespace(t *testing.T, name string) string {
	t.Helper()
	object := named(schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, name)
	object.SetLabels(map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	err := plane.Client.Create(t.Context(), object)
	if err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return name
}
