// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
	"github.com/jiratokens/jira-token-operator/internal/test/page"
)

// notOurs are YAML blocks that no API server of ours takes, by how they begin.
var notOurs = map[string]string{
	"repos:\n": "a configuration of pre-commit",
}

// TestManifests: every YAML block of every page is taken by the API server, as it is or where it belongs in a policy or token.
func TestManifests(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short: it needs a control plane")
	}
	plane, err := controlplane.Start()
	must(t, err)
	defer func() { must(t, plane.Stop()) }()
	found, tried := map[string]bool{}, 0
	for _, p := range pages(t) {
		for _, b := range blocksOf(t, p) {
			if b.Language != "yaml" {
				continue
			}
			if why, listed := begins(&b, notOurs); listed {
				found[why] = true
				continue
			}
			tried++
			if err := tryManifest(t, plane.Client, b.Text); err != nil {
				t.Errorf("%s:%d: %v", b.Page, b.Line, err)
			}
		}
	}
	if tried < 30 {
		t.Errorf("%d blocks were tried", tried)
	}
	for beginning, why := range notOurs {
		if !found[why] {
			t.Errorf("no block begins with %q any more", beginning)
		}
	}
}

func begins(b *page.Block, list map[string]string) (string, bool) {
	for beginning, why := range list {
		if strings.HasPrefix(b.Text, beginning) {
			return why, true
		}
	}
	return "", false
}

func tryManifest(t *testing.T, c client.Client, text string) error {
	t.Helper()
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		var content map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &content); err != nil {
			return err
		}
		if content["apiVersion"] == nil {
			if err := tryFragment(t, c, content); err != nil {
				return err
			}
			continue
		}
		if err := dryRun(t.Context(), c, &unstructured.Unstructured{Object: content}); err != nil {
			return err
		}
	}
	return nil
}

// tryFragment: a part of a manifest has to fit into one place of a policy or a token.
func tryFragment(t *testing.T, c client.Client, content map[string]any) error {
	t.Helper()
	var all []error
	for _, place := range []struct {
		kind string
		path []string
	}{
		{"TokenPolicy", []string{"spec"}},
		{"TokenPolicy", []string{"spec", "gateway"}},
		{"TokenPolicy", []string{"spec", "personalCredentials"}},
		{"TokenPolicy", nil},
		{"ApiToken", []string{"spec"}},
		{"ApiToken", nil},
	} {
		err := dryRun(t.Context(), c, within(place.kind, place.path, content))
		if err == nil {
			return nil
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}

// within is a manifest of which a fragment is one part.
func within(kind string, path []string, content map[string]any) *unstructured.Unstructured {
	spec := map[string]any{
		"jira":          map[string]any{"url": "https://jira.internal.example:8443/jira", "publicURL": "https://jira.example/jira"},
		"impersonation": map[string]any{"ownerTokens": map[string]any{}}, "allowedNamespaces": map[string]any{"names": []any{"dev"}},
		"requesters": map[string]any{}, "directory": map[string]any{"secretRef": map[string]any{"name": "jira-directory-credential"}},
	}
	if kind == "ApiToken" {
		spec = map[string]any{
			"owner": "alice", "policyRef": map[string]any{"name": "jira", "namespace": "jira-gateway"}, "scopes": []any{"read"},
		}
	}
	object := map[string]any{
		"apiVersion": "jiratokens.io/v1alpha1", "kind": kind,
		"metadata": map[string]any{"name": "jira", "namespace": "jira-gateway"}, "spec": spec,
	}
	for _, field := range slices.Backward(path) {
		content = map[string]any{field: content}
	}
	merge(object, content)
	return &unstructured.Unstructured{Object: object}
}

// merge puts one object into another: what both have is merged, or taken from the second.
func merge(into, from map[string]any) {
	for key, value := range from {
		theirs, both := value.(map[string]any)
		ours, isObject := into[key].(map[string]any)
		if both && isObject {
			copied := maps.Clone(ours)
			merge(copied, theirs)
			value = copied
		}
		into[key] = value
	}
}

// dryRun creates an object, which is not kept, in its namespace, which is.
func dryRun(ctx context.Context, c client.Client, object *unstructured.Unstructured) error {
	if namespace := object.GetNamespace(); namespace != "" {
		err := c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	err := c.Create(ctx, object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
	if apierrors.IsAlreadyExists(err) { // such as a namespace
		return nil
	}
	return err
}
