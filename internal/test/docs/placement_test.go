// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

const (
	samples = "config/samples"
	// ours is the policy of the samples, which the examples for a side door are for.
	ours = samples + "/03-tokenpolicy.yaml"
	// frontDoor is the policy of the examples for a front door.
	frontDoor = samples + "/placement/front-door.yaml"
)

// TestPlacementManifests: an API server with the Gateway API takes each, and each leads to a port that the operator makes.
func TestPlacementManifests(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short: it needs a control plane")
	}
	plane, err := controlplane.Start(withGatewayAPI(t))
	must(t, err)
	defer func() { must(t, plane.Stop()) }()
	for file, policy := range map[string]*v1alpha1.TokenPolicy{
		samples + "/variants/ingress.yaml":             policyIn(t, ours),
		samples + "/placement/gateway-api.yaml":        policyIn(t, ours),
		samples + "/placement/gateway-api-tls.yaml":    withTLS(policyIn(t, ours)),
		samples + "/placement/front-door-ingress.yaml": policyIn(t, frontDoor),
		samples + "/placement/front-door-route.yaml":   policyIn(t, frontDoor),
	} {
		service := built[corev1.Service](t, policy, "Service")
		led := 0
		for _, object := range objects(t, file) {
			if err := dryRun(t.Context(), plane.Client, object.DeepCopy()); err != nil {
				t.Errorf("%s: %s: %v", file, object.GetKind(), err)
			}
			for _, backend := range backends(t, object) {
				led++
				if want := fmt.Sprintf("%s:%d", service.Name, service.Spec.Ports[0].Port); backend != want &&
					backend != service.Name+":"+service.Spec.Ports[0].Name {
					t.Errorf("%s leads to %s, and not to %s", file, backend, want)
				}
			}
		}
		if led == 0 {
			t.Errorf("%s leads nowhere", file)
		}
	}
}

// TestTheWayRoundIsClosed: by the NetworkPolicy of the front door, with the labels that pods really have.
func TestTheWayRoundIsClosed(t *testing.T) {
	var closed networkingv1.NetworkPolicy
	must(t, yaml.UnmarshalStrict(read(t, samples+"/placement/front-door-networkpolicy.yaml"), &closed))
	policy := policyIn(t, frontDoor)
	gateway := built[podTemplate](t, policy, "Deployment").Spec.Template.Labels
	var manager podTemplate
	must(t, yaml.Unmarshal(read(t, "config/manager/manager.yaml"), &manager))
	jira := map[string]string{"app.kubernetes.io/name": "jira", "app.kubernetes.io/instance": "jira"} // by Atlassian's chart
	elsewhere := map[string]string{"app.kubernetes.io/name": "ingress-nginx"}
	for _, c := range []struct {
		namespace string
		labels    map[string]string
		port      string
		reaches   bool
	}{
		{policy.Namespace, gateway, "http", true},
		{systemNamespace, manager.Spec.Template.Labels, "http", true},
		{"jira", jira, "http", true},
		{"jira", jira, "ehcache", true}, // nodes of a cluster among themselves
		{policy.Namespace, gateway, "ehcache", false},
		{policy.Namespace, elsewhere, "http", false},
		{"ingress-nginx", elsewhere, "http", false},
		{"jira", elsewhere, "http", false},
		{"default", gateway, "http", false},
		{"default", jira, "http", false},
	} {
		if have := admits(t, &closed, c.namespace, c.labels, c.port); have != c.reaches {
			t.Errorf("%s %v, port %s: reaches Jira: %v", c.namespace, c.labels, c.port, have)
		}
	}
}

// podTemplate is what a Deployment's pods are like.
type podTemplate struct {
	Spec struct {
		Template corev1.PodTemplateSpec `json:"template"`
	} `json:"spec"`
}

// withGatewayAPI installs the Gateway API's resources, out of the module that pins them.
func withGatewayAPI(t *testing.T) controlplane.Option {
	t.Helper()
	const module = "sigs.k8s.io/gateway-api"
	at := filepath.Join(root(t), "hack", "crds")
	environment := append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly")
	for _, arguments := range [][]string{{"mod", "download", "-C", at, module}, {"list", "-C", at, "-m", "-f", "{{.Dir}}", module}} {
		command := exec.CommandContext(t.Context(), "go", arguments...)
		command.Env = environment
		out, err := command.Output()
		if err != nil {
			t.Fatalf("go %v: %v", arguments, err)
		}
		if folder := strings.TrimSpace(string(out)); folder != "" {
			return func(env *envtest.Environment) {
				env.CRDDirectoryPaths = append(env.CRDDirectoryPaths, filepath.Join(folder, "config", "crd", "standard"))
			}
		}
	}
	t.Fatalf("%s is nowhere", module)
	return nil
}

func withTLS(p *v1alpha1.TokenPolicy) *v1alpha1.TokenPolicy {
	p.Spec.Gateway.TLS = &v1alpha1.GatewayTLS{SecretName: "jira-tls"}
	p.Spec.Gateway.Service = nil // its port is 80 in the sample
	return p
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root(t), name))
	must(t, err)
	return content
}

func objects(t *testing.T, file string) (out []*unstructured.Unstructured) {
	t.Helper()
	for document := range strings.SplitSeq("\n"+string(read(t, file)), "\n---\n") {
		object := &unstructured.Unstructured{}
		must(t, yaml.UnmarshalStrict([]byte(document), &object.Object))
		out = append(out, object)
	}
	return out
}

func policyIn(t *testing.T, file string) *v1alpha1.TokenPolicy {
	t.Helper()
	for _, object := range objects(t, file) {
		if object.GetKind() == "TokenPolicy" {
			p := &v1alpha1.TokenPolicy{}
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, p))
			p.UID = "7f9c2f6e-1d1d-4c6e-9a53-0d5a3c1b2e11" // as an API server would give it
			return p
		}
	}
	t.Fatalf("%s has no policy", file)
	return nil
}

// built is what the operator makes of a kind for the policy's gateway.
func built[T any](t *testing.T, policy *v1alpha1.TokenPolicy, kind string) (out T) {
	t.Helper()
	all, err := resources.Build(policy, resources.Options{Image: "gateway"})
	must(t, err)
	for _, object := range all {
		if *object.GetKind() == kind {
			content, err := json.Marshal(object)
			must(t, err)
			must(t, json.Unmarshal(content, &out))
			return out
		}
	}
	t.Fatalf("the policy's gateway has no %s", kind)
	return out
}

// backends are the Services that a route leads to, as name:port.
func backends(t *testing.T, object *unstructured.Unstructured) (out []string) {
	t.Helper()
	switch object.GetKind() {
	case "HTTPRoute":
		rules, _, err := unstructured.NestedSlice(object.Object, "spec", "rules")
		must(t, err)
		for _, rule := range rules {
			refs, _, err := unstructured.NestedSlice(rule.(map[string]any), "backendRefs")
			must(t, err)
			for _, ref := range refs {
				backend := ref.(map[string]any)
				out = append(out, fmt.Sprintf("%v:%v", backend["name"], backend["port"]))
			}
		}
	case "Ingress":
		var ingress networkingv1.Ingress
		must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &ingress))
		for _, rule := range ingress.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				out = append(out, path.Backend.Service.Name+":"+path.Backend.Service.Port.Name)
			}
		}
	}
	return out
}
