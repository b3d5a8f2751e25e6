// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// apply is kubectl apply --server-side.
func apply(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	configuration := client.ApplyConfigurationFromUnstructured(object.DeepCopy())
	return plane.Client.Apply(t.Context(), configuration, client.FieldOwner("kubectl"))
}

// Every sample is taken as it is, twice, and every policy among them can be compiled for decisions and for a gateway.
func TestSamplesApply(t *testing.T) {
	for _, path := range append(files(t, "samples", "*.yaml"), files(t, "samples", "variants", "*.yaml")...) {
		for _, object := range decode(t, read(t, path)) {
			name := fmt.Sprintf("%s: %s %s", filepath.Base(path), object.GetKind(), object.GetName())
			err := plane.Client.Create(t.Context(), object.DeepCopy(), client.FieldValidation("Strict"))
			if err != nil && !apierrors.IsAlreadyExists(err) { // with -count=2 they are there from the first time
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := apply(t, object); err != nil {
				t.Errorf("%s, applied again: %v", name, err)
			}
			if object.GetKind() == "TokenPolicy" {
				checkPolicy(t, client.ObjectKeyFromObject(object))
			}
		}
	}
}

func checkPolicy(t *testing.T, key client.ObjectKey) {
	t.Helper()
	var p v1alpha1.TokenPolicy
	if err := plane.Client.Get(t.Context(), key, &p); err != nil {
		t.Fatal(err)
	}
	if _, err := policy.Compile(&p, nil); err != nil {
		t.Errorf("policy %s can't be compiled: %v", key, err)
	}
	if _, err := resources.Build(&p, resources.Options{Image: "gateway"}); err != nil {
		t.Errorf("policy %s has no gateway: %v", key, err)
	}
	// The gateway speaks plain HTTP: on the port of HTTPS somebody in front of it must end TLS.
	if g := p.Spec.Gateway; g != nil && g.Service != nil && g.Service.Port == 443 &&
		g.Service.Annotations["service.beta.kubernetes.io/aws-load-balancer-ssl-cert"] == "" {
		t.Errorf("policy %s: nobody speaks TLS on port 443", key)
	}
}

// A fresh object must not look current to a GitOps tool, which takes an object without conditions for done.
func TestStatusOfAFreshObject(t *testing.T) {
	for _, kind := range []string{"ApiToken", "TokenPolicy"} {
		u := fresh(t, kind)
		if err := plane.Client.Create(t.Context(), u); err != nil {
			t.Fatal(err)
		}
		generation, _, err := unstructured.NestedInt64(u.Object, "status", "observedGeneration")
		if err != nil || generation != -1 {
			t.Errorf("%s: want observedGeneration -1, have %d (%v)", kind, generation, err)
		}
	}
}

func fresh(t *testing.T, kind string) *unstructured.Unstructured {
	t.Helper()
	path := map[string]string{"ApiToken": "06-apitoken-expiring.yaml", "TokenPolicy": "03-tokenpolicy.yaml"}[kind]
	u := decode(t, read(t, configPath("samples", path)))[0]
	u.SetNamespace(plane.Namespace(t))
	return u
}

func TestImmutableFields(t *testing.T) {
	u := fresh(t, "ApiToken")
	if err := plane.Client.Create(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	for patch, want := range map[string]string{
		`{"spec":{"owner":"bob"}}`: `spec.owner: Invalid value: "bob": owner can't be changed: delete this ApiToken and declare a new one`,
		`{"spec":{"policyRef":{"namespace":"other"}}}`: "spec.policyRef: Invalid value: policyRef can't be changed: " +
			"delete this ApiToken and declare a new one",
	} {
		err := plane.Client.Patch(t.Context(), u.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(patch)))
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\nwant %s\nhave %v", patch, want, err)
		}
	}
}

// What `kubectl get` shows, as the API server renders it.
func TestPrinterColumns(t *testing.T) {
	token := fresh(t, "ApiToken")
	if err := plane.Client.Create(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	setStatus(t, token, map[string]any{
		"expiresAt": "2027-01-31T00:00:00Z", "observedGeneration": int64(1),
		"activity":   map[string]any{"lastUsedAt": "2026-01-01T00:00:00Z"},
		"conditions": []any{condition("Ready", "True", "Issued", "live"), condition("Active", "True", "Issued", "live")},
	})
	expectTable(t, token, "apitokens",
		"Name Owner Scopes Policy Active Ready Reason Expires Last-Used Age Message",
		"alice-migration|alice|[\"read\",\"write\"]|jira|True|True|Issued|2027-01-31T00:00:00Z|*|*|live")
	p := fresh(t, "TokenPolicy")
	if err := plane.Client.Create(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	setStatus(t, p, map[string]any{
		"tokens": int64(3), "observedGeneration": int64(1),
		"conditions": []any{
			condition("Ready", "False", "GatewayStarting", "not yet"), condition("GatewayAvailable", "False", "GatewayStarting", "no"),
			condition("ImpersonationVerified", "Unknown", "NotConfigured", "no"), condition("DirectorySynced", "True", "Synced", "yes"),
		},
	})
	expectTable(t, p, "tokenpolicies", "Name Jira Public-URL Tokens Ready Reason Verified Directory Gateway Age Message",
		"jira|https://jira.internal.example:8443/jira|https://jira-api.example/jira|3|False|GatewayStarting|Unknown|True|False|*|not yet")
}

func condition(kind, status, reason, message string) map[string]any {
	return map[string]any{
		"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z",
	}
}

// setStatus is what the manager does: nobody else may.
func setStatus(t *testing.T, u *unstructured.Unstructured, status map[string]any) {
	t.Helper()
	u.Object["status"] = status
	if err := asManager(t).Status().Update(t.Context(), u); err != nil {
		t.Fatal(err)
	}
}

func expectTable(t *testing.T, u *unstructured.Unstructured, resource, columns, row string) {
	t.Helper()
	config := rest.CopyConfig(plane.Config)
	config.APIPath, config.GroupVersion = "/apis", &v1alpha1.GroupVersion
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	rc, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	var table metav1.Table
	err = rc.Get().Namespace(u.GetNamespace()).Resource(resource).Name(u.GetName()).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(t.Context()).Into(&table)
	if err != nil {
		t.Fatal(err)
	}
	var names, cells []string
	for _, c := range table.ColumnDefinitions {
		names = append(names, c.Name)
	}
	for i, cell := range table.Rows[0].Cells {
		if names[i] == "Age" || names[i] == "Last-Used" { // they count from now
			cell = "*"
		}
		cells = append(cells, fmt.Sprint(cell))
	}
	if have := strings.Join(names, " "); have != columns {
		t.Errorf("columns\nwant %s\nhave %s", columns, have)
	}
	if have := strings.Join(cells, "|"); have != row {
		t.Errorf("row\nwant %s\nhave %s", row, have)
	}
}
