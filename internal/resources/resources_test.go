// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

func build(t *testing.T, p *v1alpha1.TokenPolicy) []Object {
	t.Helper()
	objects, err := Build(p, Options{Image: "gateway"})
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// Every object is ours by its owner and its labels, and has nothing of the policy's own metadata.
func TestMetadata(t *testing.T) {
	p := minimal()
	for _, object := range build(t, p) {
		encoded, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		text := string(encoded)
		for _, want := range []string{
			`"app.kubernetes.io/managed-by":"jira-token-operator"`, `"app.kubernetes.io/instance":"jira"`,
			`"uid":"` + string(p.UID) + `"`, `"controller":true`, `"blockOwnerDeletion":true`, `"namespace":"jira-gateway"`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s: %s", *object.GetKind(), want, text)
			}
		}
		for _, unwanted := range []string{"fluxcd", "argocd"} {
			if strings.Contains(text, unwanted) {
				t.Errorf("%s has a GitOps tool's tracking label: %s", *object.GetKind(), text)
			}
		}
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	first, err := json.Marshal(build(t, full()))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, err := json.Marshal(build(t, full())); err != nil || !bytes.Equal(again, first) {
			t.Fatalf("want %s\nhave %s (%v)", first, again, err)
		}
	}
}

// The gateway may read Secrets and do nothing else.
func TestRole(t *testing.T) {
	rules := role(minimal()).Rules
	if len(rules) != 1 || !slices.Equal(rules[0].APIGroups, []string{""}) || !slices.Equal(rules[0].Resources, []string{"secrets"}) ||
		!slices.Equal(rules[0].Verbs, []string{"get", "list", "watch"}) {
		t.Errorf("have %+v", rules)
	}
}

func TestPodOutlivesItsDrain(t *testing.T) {
	template := podTemplate(minimal(), Options{Image: "gateway"})
	var drain time.Duration
	for _, arg := range template.Spec.Containers[0].Args {
		for _, flag := range []string{"--drain-delay=", "--shutdown-timeout="} {
			if value, ok := strings.CutPrefix(arg, flag); ok {
				d, err := time.ParseDuration(value)
				if err != nil {
					t.Fatal(err)
				}
				drain += d
			}
		}
	}
	if grace := time.Duration(*template.Spec.TerminationGracePeriodSeconds) * time.Second; drain == 0 || grace <= drain {
		t.Errorf("the pod is killed after %s; draining takes up to %s", grace, drain)
	}
}

func TestServiceTypes(t *testing.T) {
	for kind, local := range map[corev1.ServiceType]bool{
		"": false, corev1.ServiceTypeClusterIP: false, corev1.ServiceTypeNodePort: true, corev1.ServiceTypeLoadBalancer: true,
	} {
		p := minimal()
		p.Spec.Gateway = &v1alpha1.Gateway{Service: &v1alpha1.GatewayService{Type: kind, NodePort: ptr.To[int32](30080)}}
		spec := service(p).Spec
		if have := spec.ExternalTrafficPolicy != nil && *spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal; have != local {
			t.Errorf("type %q: externalTrafficPolicy Local is %v, want %v", kind, have, local)
		}
		if have := spec.Ports[0].NodePort != nil; have != local {
			t.Errorf("type %q: a nodePort is asked for: %v, want %v", kind, have, local)
		}
		if *spec.Ports[0].Port != 80 {
			t.Errorf("type %q: port %d", kind, *spec.Ports[0].Port)
		}
	}
}

func TestReplicasAreTheirsUnlessSaid(t *testing.T) {
	if spec := deployment(minimal(), Options{}).Spec; spec.Replicas != nil {
		t.Errorf("without replicas in the policy %d are asked for: an autoscaler would fight with it", *spec.Replicas)
	}
	if spec := deployment(full(), Options{}).Spec; *spec.Replicas != 3 {
		t.Errorf("want 3 replicas, have %d", *spec.Replicas)
	}
}

// A rate limit is divided among as many gateways as there are to be, whoever says how many.
func TestReplicasThatShareRateLimits(t *testing.T) {
	three := &v1alpha1.Gateway{Replicas: ptr.To[int32](3)}
	for _, tc := range []struct {
		gateway  *v1alpha1.Gateway
		deployed int32
		want     int32
	}{
		{three, 0, 3},
		{three, 5, 3}, // the Deployment follows
		{nil, 0, 1},
		{&v1alpha1.Gateway{}, 0, 1},
		{&v1alpha1.Gateway{}, 5, 5},
		{nil, 5, 5},
	} {
		p := minimal()
		p.Spec.Gateway = tc.gateway
		config, err := compileConfig(p, Options{Replicas: tc.deployed})
		if err != nil || config.Replicas != tc.want {
			t.Errorf("%+v with %d deployed: %+v, %v", tc.gateway, tc.deployed, config, err)
		}
	}
}

func TestConfig(t *testing.T) {
	key := v1alpha1.SecretKeyReference{Name: "s", Key: "k"}
	cases := map[string]struct {
		edit  func(*v1alpha1.TokenPolicySpec)
		check func(*gatewayconfig.Config) bool
	}{
		"defaults": {func(*v1alpha1.TokenPolicySpec) {}, func(c *gatewayconfig.Config) bool {
			return c.Jira.BaseURL == "https://jira.example/jira" && c.MaxStaleness.Duration == 24*time.Hour &&
				c.Impersonation.OwnerTokens != nil && len(c.TrustedProxies) == 0
		}},
		"header": {func(s *v1alpha1.TokenPolicySpec) {
			s.Impersonation = v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{
				Name: "X-User", SharedSecret: &v1alpha1.SharedSecret{Header: "X-Secret", SecretRef: key},
			}}
		}, func(c *gatewayconfig.Config) bool {
			h := c.Impersonation.Header
			return h != nil && h.Name == "X-User" && h.SecretHeader == "X-Secret" && *h.Secret == gatewayconfig.KeyRef{Name: "s", Key: "k"}
		}},
		"header without secret": {func(s *v1alpha1.TokenPolicySpec) {
			s.Impersonation = v1alpha1.Impersonation{Header: &v1alpha1.HeaderImpersonation{Name: "X-User"}}
		}, func(c *gatewayconfig.Config) bool { return c.Impersonation.Header.Secret == nil }},
		"serviceAccount": {func(s *v1alpha1.TokenPolicySpec) {
			s.Impersonation = v1alpha1.Impersonation{ServiceAccount: &v1alpha1.ServiceAccountImpersonation{
				Username: "svc", SecretRef: &v1alpha1.SecretReference{Name: "s"},
			}}
		}, func(c *gatewayconfig.Config) bool {
			return *c.Impersonation.ServiceAccount == gatewayconfig.ServiceAccount{Username: "svc", SecretName: "s"}
		}},
		"serviceAccount by client credentials": {func(s *v1alpha1.TokenPolicySpec) {
			s.Impersonation = v1alpha1.Impersonation{ServiceAccount: &v1alpha1.ServiceAccountImpersonation{
				Username: "svc",
				OAuth2:   &v1alpha1.OAuth2ClientCredentials{SecretRef: v1alpha1.SecretReference{Name: "s"}, Scope: v1alpha1.OAuth2Write},
			}}
		}, func(c *gatewayconfig.Config) bool {
			account := c.Impersonation.ServiceAccount
			return account.SecretName == "" && *account.OAuth2 == gatewayconfig.OAuth2{SecretName: "s", Scope: "WRITE"}
		}},
		"oauth with another signature": {func(s *v1alpha1.TokenPolicySpec) {
			s.Impersonation = v1alpha1.Impersonation{OAuth: &v1alpha1.OAuthImpersonation{
				ConsumerKey: "c", PrivateKeySecretRef: key, SignatureMethod: "RSA-SHA256",
			}}
		}, func(c *gatewayconfig.Config) bool {
			return *c.Impersonation.OAuth == gatewayconfig.OAuth{
				ConsumerKey: "c", PrivateKey: gatewayconfig.KeyRef{Name: "s", Key: "k"}, SignatureMethod: "RSA-SHA256",
			}
		}},
		"client certificate": {func(s *v1alpha1.TokenPolicySpec) {
			s.Jira.ClientCertificateSecretRef = &v1alpha1.SecretReference{Name: "client"}
		}, func(c *gatewayconfig.Config) bool { return c.Jira.ClientCertificate == "client" }},
		"affinity": {func(s *v1alpha1.TokenPolicySpec) {
			s.Gateway = &v1alpha1.Gateway{Affinity: &v1alpha1.Affinity{Cookies: []v1alpha1.AffinityCookie{"AWSALB", "route"}}}
		}, func(c *gatewayconfig.Config) bool {
			return slices.Equal(c.AffinityCookies, []string{"AWSALB", "route"})
		}},
		"gateway without settings": {
			func(s *v1alpha1.TokenPolicySpec) { s.Gateway = &v1alpha1.Gateway{} },
			func(c *gatewayconfig.Config) bool { return c.MaxStaleness.Duration == 24*time.Hour },
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			c.edit(&p.Spec)
			secret, err := configSecret(p, Options{})
			if err != nil {
				t.Fatal(err)
			}
			config, err := gatewayconfig.Decode(secret.Data[gatewayconfig.DataKey])
			if err != nil || !c.check(config) {
				t.Errorf("have %+v (%v)", config, err)
			}
		})
	}
}

// What the schema would refuse is an error that names the field, not a gateway with half a configuration.
func TestConfigOfWhatSlippedThroughTheSchema(t *testing.T) {
	for want, edit := range map[string]func(*v1alpha1.TokenPolicySpec){
		"spec.gateway.trustedProxies[0]": func(s *v1alpha1.TokenPolicySpec) {
			s.Gateway = &v1alpha1.Gateway{TrustedProxies: []v1alpha1.CIDR{"x"}}
		},
		"spec.gateway.maxStaleness": func(s *v1alpha1.TokenPolicySpec) { s.Gateway = &v1alpha1.Gateway{MaxStaleness: "x"} },
		"ways of impersonation":     func(s *v1alpha1.TokenPolicySpec) { s.Impersonation = v1alpha1.Impersonation{} },
		`spec.scopes.operations[1]: path "/rest/pat/latest/tokens": no token reaches it`: func(s *v1alpha1.TokenPolicySpec) {
			s.Scopes = &v1alpha1.Scopes{Operations: []v1alpha1.Operation{
				{Methods: []v1alpha1.OperationMethod{"GET"}, Path: "/rest/rota/**", Scope: "read:app"},
				{Methods: []v1alpha1.OperationMethod{"POST", "GET"}, Path: "/rest/pat/latest/tokens", Scope: "admin"},
			}}
		},
		"URL is needed": func(s *v1alpha1.TokenPolicySpec) { s.Jira.URL = "x" },
	} {
		p := minimal()
		edit(&p.Spec)
		if _, err := Build(p, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, have %v", want, err)
		}
	}
}

// The memory limit that Go keeps to lies below the container's, with room for the snapshot's volume, which is in memory.
func TestGoMemoryLimit(t *testing.T) {
	const mi = 1 << 20
	for name, c := range map[string]struct {
		resources *corev1.ResourceRequirements
		want      string
	}{
		"default, 512Mi":              {nil, strconv.Itoa((512 - 128) * mi / 10 * 9)},
		"1Gi":                         {limited("1Gi"), strconv.Itoa((1024 - 128) * mi / 10 * 9)},
		"little more than the volume": {limited("130Mi"), strconv.Itoa(65 * mi / 10 * 9)},
		"less than the volume":        {limited("64Mi"), strconv.Itoa(32 * mi / 10 * 9)},
		"no limit":                    {&corev1.ResourceRequirements{}, ""},
		"a limit of nothing":          {limited("0"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := minimal()
			p.Spec.Gateway = &v1alpha1.Gateway{Resources: c.resources}
			have := ""
			for _, env := range podTemplate(p, Options{}).Spec.Containers[0].Env {
				if *env.Name == "GOMEMLIMIT" {
					have = *env.Value
				}
			}
			if have != c.want {
				t.Errorf("want GOMEMLIMIT %q, have %q", c.want, have)
			}
		})
	}
}

func limited(memory string) *corev1.ResourceRequirements {
	return &corev1.ResourceRequirements{Limits: corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}}
}

func TestEmptyHasWhatIsBuilt(t *testing.T) {
	built, empty := build(t, minimal()), Empty("jira-gateway", "jira")
	if len(built) != len(empty) {
		t.Fatalf("%d objects are built, %d are watched and deleted", len(built), len(empty))
	}
	for i, object := range built {
		want := fmt.Sprintf("%s %s/%s", *object.GetKind(), *object.GetNamespace(), *object.GetName())
		kind := reflect.TypeOf(empty[i]).Elem().Name()
		if have := fmt.Sprintf("%s %s/%s", kind, empty[i].GetNamespace(), empty[i].GetName()); have != want {
			t.Errorf("want %s, have %s", want, have)
		}
	}
}

// The controller writes the configuration whatever is wrong with the rest, and takes the first object for it.
func TestConfigurationStandsFirst(t *testing.T) {
	first := build(t, minimal())[0]
	if *first.GetKind() != "Secret" || *first.GetName() != ConfigName("jira") {
		t.Errorf("have %s %s", *first.GetKind(), *first.GetName())
	}
}

// Without spec.scopes the configuration is that of before: an older gateway reads it.
func TestConfigOfScopes(t *testing.T) {
	p := minimal()
	for _, absent := range []*v1alpha1.Scopes{nil, {}, {Unlisted: v1alpha1.UnlistedPlain}} {
		p.Spec.Scopes = absent
		if config, err := compileConfig(p, Options{}); err != nil || config.Scopes != nil {
			t.Errorf("%+v: %v, %v", absent, config, err)
		}
	}
	p.Spec.Scopes = &v1alpha1.Scopes{Unlisted: v1alpha1.UnlistedDeny, Operations: []v1alpha1.Operation{
		{Methods: []v1alpha1.OperationMethod{"GET", "POST"}, Path: "/rest/rota/{id}", Scope: "read:app"},
	}}
	config, err := compileConfig(p, Options{})
	want := &gatewayconfig.Scopes{DenyUnlisted: true, Operations: []gatewayconfig.Operation{
		{Method: "GET", Path: "/rest/rota/{id}", Scope: "read:app"}, {Method: "POST", Path: "/rest/rota/{id}", Scope: "read:app"},
	}}
	if err != nil || !reflect.DeepEqual(config.Scopes, want) {
		t.Errorf("%+v, %v", config.Scopes, err)
	}
}
