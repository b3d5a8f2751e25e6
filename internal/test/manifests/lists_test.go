// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// fullToken declares every list that an ApiToken has, with more than one entry.
const fullToken = `
apiVersion: jiratokens.io/v1alpha1
kind: ApiToken
metadata: {name: full}
spec:
  owner: svc-ci
  description: "CI-1: builds"
  policyRef: {name: jira, namespace: jira-gateway-permissions}
  scopes: [read, write]
  lifetime: 720h
  sourceRanges: [203.0.113.0/25, 203.0.113.128/25]
  headers: [{name: User-Agent, pattern: "ci/*"}, {name: X-Run, pattern: "*"}]
  rateLimit: {requests: 60, period: 1m}
  secret: {name: full, labels: {team: ci}, annotations: {example.com/a: b}}
`

// Whoever applies a list owns all of it: of a set that two field managers applied, what Git no longer names would
// survive, such as a scope. Each list of the samples is applied by two managers, and then by the first without its last
// entry: just what that one names must be left.
func TestEveryListBelongsToWhoeverAppliedItLast(t *testing.T) {
	for _, object := range objectsWithLists(t) {
		object.SetNamespace(plane.Namespace(t))
		paths := listPaths(object.Object["spec"], []string{"spec"})
		t.Logf("%s has %d lists", object.GetKind(), len(paths))
		for _, path := range paths {
			t.Run(object.GetKind()+" "+strings.Join(path, "."), func(t *testing.T) { dropLast(t, object, path) })
		}
	}
}

// objectsWithLists have, together, every list there is.
func objectsWithLists(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	return []*unstructured.Unstructured{
		decode(t, read(t, configPath("samples", "variants", "permissions.yaml")))[2],
		decode(t, read(t, configPath("samples", "variants", "frontdoor.yaml")))[1],
		decode(t, []byte(fullToken))[0],
	}
}

func dropLast(t *testing.T, object *unstructured.Unstructured, path []string) {
	t.Helper()
	applyAs := func(o *unstructured.Unstructured, manager string) {
		t.Helper()
		configuration := client.ApplyConfigurationFromUnstructured(o.DeepCopy())
		err := plane.Client.Apply(t.Context(), configuration, client.FieldOwner(manager), client.ForceOwnership)
		if err != nil {
			t.Fatal(err)
		}
	}
	applyAs(object, "kustomize-controller")
	applyAs(object, "kubectl")
	shorter := object.DeepCopy()
	list, ok := at(shorter.Object, path).([]any)
	if !ok {
		t.Fatalf("no list: %v", at(shorter.Object, path))
	}
	want := list[:len(list)-1]
	put(shorter.Object, path, want)
	applyAs(shorter, "kustomize-controller")
	stored := &unstructured.Unstructured{}
	stored.SetGroupVersionKind(object.GroupVersionKind())
	if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), stored); err != nil {
		t.Fatal(err)
	}
	if have := at(stored.Object, path); fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("want %v, have %v", want, have)
	}
}

// listPaths finds the lists of more than one entry.
func listPaths(value any, path []string) [][]string {
	var found [][]string
	switch value := value.(type) {
	case map[string]any:
		for key, below := range value {
			found = append(found, listPaths(below, append(slices.Clone(path), key))...)
		}
	case []any:
		if len(value) > 1 {
			found = append(found, path)
		}
		for i, below := range value {
			found = append(found, listPaths(below, append(slices.Clone(path), fmt.Sprint(i)))...)
		}
	}
	return found
}

func at(value any, path []string) any {
	for _, step := range path {
		switch container := value.(type) {
		case map[string]any:
			value = container[step]
		case []any:
			var i int
			_, _ = fmt.Sscan(step, &i)
			value = container[i]
		}
	}
	return value
}

func put(root map[string]any, path []string, value any) {
	last := len(path) - 1
	parent, _ := at(root, path[:last]).(map[string]any) // lists are fields here, not entries of lists
	parent[path[last]] = value
}

// The samples leave no list out: one that is declared to be merged would go unnoticed.
func TestEveryListIsInASample(t *testing.T) {
	seen := map[string]bool{}
	for _, kind := range []any{v1alpha1.TokenPolicySpec{}, v1alpha1.ApiTokenSpec{}, v1alpha1.TokenApprovalSpec{}} {
		for _, name := range listFields(reflect.TypeOf(kind)) {
			seen[name] = true
		}
	}
	covered := map[string]bool{"claims": true} // of the gateway's resources: Kubernetes' own type, and refused
	for _, object := range objectsWithLists(t) {
		for _, path := range listPaths(object.Object["spec"], nil) {
			covered[path[len(path)-1]] = true
		}
	}
	for name := range seen {
		if !covered[name] && name != "trustedProxies" && name != "matchExpressions" && name != "values" {
			t.Errorf("no sample has a list %s of two entries", name)
		}
	}
}

func listFields(kind reflect.Type) []string {
	for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
		kind = kind.Elem()
	}
	if kind.Kind() != reflect.Struct || kind.PkgPath() == "time" {
		return nil
	}
	var names []string
	for field := range kind.Fields() {
		if field.Type.Kind() == reflect.Slice {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			names = append(names, name)
		}
		names = append(names, listFields(field.Type)...)
	}
	return names
}
