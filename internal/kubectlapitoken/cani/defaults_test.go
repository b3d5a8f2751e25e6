// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestDefaultsAreThoseOfTheCRD: a policy in a file means what it will mean in the cluster.
func TestDefaultsAreThoseOfTheCRD(t *testing.T) {
	content, err := os.ReadFile(filepath.Join("..", "..", "..", "config", "crd", "bases", "jiratokens.io_tokenpolicies.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(content, &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	for _, name := range []string{"gateway", "monitoring", "personalCredentials"} { // nothing about them bears on a decision
		delete(schema.Properties, name)
	}
	spec := &v1alpha1.TokenPolicySpec{Directory: &v1alpha1.Directory{}, Scopes: &v1alpha1.Scopes{}}
	setDefaults(spec)
	encoded, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	var have any
	if err := json.Unmarshal(encoded, &have); err != nil {
		t.Fatal(err)
	}
	if n := compareDefaults(t, "spec", &schema, have); n < 5 {
		t.Errorf("found %d defaults in the CRD", n)
	}
}

func compareDefaults(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps, have any) (n int) {
	t.Helper()
	if schema.Default != nil {
		var want any
		if err := json.Unmarshal(schema.Default.Raw, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(have, want) {
			t.Errorf("%s: have %v, the CRD has %v", path, have, want)
		}
		n++
	}
	if schema.Items != nil {
		n += compareDefaults(t, path+"[]", schema.Items.Schema, nil)
	}
	fields, _ := have.(map[string]any)
	for name := range schema.Properties {
		field := schema.Properties[name]
		n += compareDefaults(t, path+"."+name, &field, fields[name])
	}
	return n
}
