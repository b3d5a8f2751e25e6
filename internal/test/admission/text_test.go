// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// texts that people write for people, and whether a terminal shows them as they are.
var texts = map[string]bool{
	"Zapier, new-lead comments":                   true,
	"für Zoë: 東京の朝, עברית, العربية 100 %":         true,
	"👩‍💻 and 🏴󠁧󠁢󠁥󠁮󠁧󠁿 on a <dashboard> & \"more\"": true,
	"two\nlines":          false,
	"for the dashboard\n": false,
	"a\rb":                false,
	"a\tb":                false,
	"a\x00b":              false,
	"a\x1b[2Jb":           false,
	"a\x7fb":              false,
	"a\u0085b":            false, // next line
	"a\u009b2Jb":          false, // a control sequence begins
	"a\u2028b":            false, // line separator
	"a\u2029b":            false, // paragraph separator
	"a\u202egnp.exe":      false, // turned around
	"a\u2066b\u2069":      false,
}

// TestTextsSteerNoTerminal: what tenants and approvers write for others to read is one line that does nothing to a screen.
func TestTextsSteerNoTerminal(t *testing.T) {
	removeWebhook(t)
	namespace := plane.Namespace(t)
	token := newToken(namespace, "t")
	must(t, plane.Client.Create(t.Context(), token))
	for text, fine := range texts {
		for field, object := range map[string]client.Object{
			"spec.description": newToken(namespace, "described", func(a *v1alpha1.ApiToken) { a.Spec.Description = text }),
			"spec.reason":      newApproval(namespace, "reasoned", token, func(a *v1alpha1.TokenApproval) { a.Spec.Reason = text }),
		} {
			err := plane.Client.Create(t.Context(), object, client.DryRunAll)
			refused := apierrors.IsInvalid(err) && strings.Contains(err.Error(), field) && strings.Contains(err.Error(), "must be one line of text")
			if fine && err != nil || !fine && !refused {
				t.Errorf("%s %q: %v", field, text, err)
			}
		}
	}
}

// TestOldTextsHoldNothingUp: a token that was declared before its description was checked can be changed and deleted.
func TestOldTextsHoldNothingUp(t *testing.T) {
	removeWebhook(t)
	namespace := plane.Namespace(t)
	checked := uncheckDescriptions(t)
	token := newToken(namespace, "old", func(a *v1alpha1.ApiToken) { a.Spec.Description = "a\x1b[2Jb\n" })
	eventually(t, func() error { return client.IgnoreAlreadyExists(plane.Client.Create(t.Context(), token.DeepCopy())) })
	checked()
	eventually(t, func() error {
		err := plane.Client.Create(t.Context(), newToken(namespace, "new", func(a *v1alpha1.ApiToken) { a.Spec.Description = "a\nb" }), client.DryRunAll)
		if !apierrors.IsInvalid(err) {
			return outputError("descriptions are not checked again", errNotYet)
		}
		return nil
	})

	for what, edit := range map[string]func(*v1alpha1.ApiToken){
		"suspended": func(a *v1alpha1.ApiToken) { a.Spec.Suspend = true },
		"labelled":  func(a *v1alpha1.ApiToken) { a.Labels = map[string]string{"team": "a"} },
		"put right": func(a *v1alpha1.ApiToken) { a.Spec.Description = "a b" },
	} {
		changed := stored(t, token)
		edit(changed)
		if err := plane.Client.Update(t.Context(), changed, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	changed := stored(t, token)
	changed.Spec.Description += "c"
	if err := plane.Client.Update(t.Context(), changed, client.DryRunAll); !apierrors.IsInvalid(err) {
		t.Errorf("another bad description: %v", err)
	}
	must(t, plane.Client.Delete(t.Context(), token))
}

// uncheckDescriptions makes the API server as it was before it looked at descriptions, until the function that it returns is
// called or the test ends.
func uncheckDescriptions(t *testing.T) (check func()) {
	t.Helper()
	crd := &unstructured.Unstructured{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	crd.SetName("apitokens.jiratokens.io")
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(crd), crd))
	versions, _, err := unstructured.NestedSlice(crd.Object, "spec", "versions")
	must(t, err)
	rules, found, err := unstructured.NestedSlice(versions[0].(map[string]any),
		"schema", "openAPIV3Schema", "properties", "spec", "properties", "description", "x-kubernetes-validations")
	must(t, err)
	if !found {
		t.Fatal("the description has no rules")
	}
	patch := func(operation string, value any) {
		t.Helper()
		path := "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/description/x-kubernetes-validations"
		content, err := json.Marshal([]map[string]any{{"op": operation, "path": path, "value": value}})
		must(t, err)
		must(t, plane.Client.Patch(context.WithoutCancel(t.Context()), crd, client.RawPatch(types.JSONPatchType, content)))
	}
	patch("remove", nil)
	check = sync.OnceFunc(func() { patch("add", rules) })
	t.Cleanup(check)
	return check
}
