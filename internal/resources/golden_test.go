// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

var rewrite = flag.Bool("update", false, "write testdata/*.yaml anew; read the diff")

func minimal() *v1alpha1.TokenPolicy {
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{
			Name: "jira", Namespace: "jira-gateway", UID: "6e5b1a1c-0000-4000-8000-000000000001", Generation: 1,
			Labels:      map[string]string{"kustomize.toolkit.fluxcd.io/name": "platform"},
			Annotations: map[string]string{"argocd.argoproj.io/tracking-id": "platform:jiratokens.io/TokenPolicy:jira"},
		},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:          v1alpha1.JiraEndpoint{URL: "http://jira:8080/jira", PublicURL: "https://jira.example/jira"},
			Impersonation: v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
		},
	}
}

func full() *v1alpha1.TokenPolicy {
	p := minimal()
	p.Generation = 7
	p.Spec.Jira.BaseURL = "https://jira.internal.example/jira"
	p.Spec.Jira.CABundle = &v1alpha1.CABundle{SecretRef: v1alpha1.SecretKeyReference{Name: "jira-ca", Key: "ca.crt"}}
	p.Spec.Impersonation = v1alpha1.Impersonation{OAuth: &v1alpha1.OAuthImpersonation{
		ConsumerKey: "jiratokens", PrivateKeySecretRef: v1alpha1.SecretKeyReference{Name: "jira-oauth", Key: "tls.key"},
	}}
	p.Spec.Deny = &v1alpha1.Deny{
		Owners: []v1alpha1.JiraUserName{"mallory"}, Namespaces: []v1alpha1.NamespaceName{"old"},
		Tokens: []v1alpha1.DeniedToken{"marketing/zapier"},
	}
	p.Spec.Gateway = &v1alpha1.Gateway{
		Replicas: ptr.To[int32](3),
		Service: &v1alpha1.GatewayService{
			Type: corev1.ServiceTypeLoadBalancer, Port: 443, NodePort: ptr.To[int32](30443),
			Annotations: map[string]string{"lb.example/internal": "true"},
		},
		Resources: &corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("0.5")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
		TLS: &v1alpha1.GatewayTLS{
			SecretName: "jira-api-tls", ClientCASecretRef: &v1alpha1.SecretKeyReference{Name: "clients", Key: "ca.crt"},
		},
		ImagePullSecrets: []v1alpha1.ImagePullSecret{{Name: "registry"}},
		Scheduling: &v1alpha1.Scheduling{
			NodeSelector: map[string]v1alpha1.LabelValue{"example.com/pool": "edge", "kubernetes.io/arch": "amd64"},
			Tolerations: []v1alpha1.Toleration{
				{Key: "example.com/pool", Value: "edge", Effect: corev1.TaintEffectNoSchedule},
				{
					Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists,
					Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](30),
				},
			},
			PriorityClassName: "ingress-critical",
		},
		TrustedProxies: []v1alpha1.CIDR{"10.0.7.0/28", "2001:db8::/64"},
		MaxStaleness:   "48h",
		MaxInFlight:    100,
		RateLimitStore: &v1alpha1.RateLimitStore{
			Address: "valkey.jira-gateway.svc:6379", SecretRef: &v1alpha1.SecretReference{Name: "valkey"},
			TLS: &v1alpha1.RateLimitStoreTLS{CASecretRef: &v1alpha1.SecretKeyReference{Name: "valkey-ca", Key: "ca.crt"}},
		},
	}
	return p
}

// The objects as they are applied. A change of these files is a change in users' clusters: of the pod template, a roll-out
// of every gateway.
func TestGolden(t *testing.T) {
	for name, policy := range map[string]*v1alpha1.TokenPolicy{"minimal": minimal(), "full": full()} {
		t.Run(name, func(t *testing.T) {
			opts := Options{Image: "gateway.example/gateway:v1"}
			if name == "full" { // a manager without a webhook takes no reports, and a gateway's objects are as they always were
				opts.ImagePullPolicy = corev1.PullAlways
				opts.Activity = &Activity{URL: "https://manager.system.svc/activity", CA: "the manager's authorities"}
			}
			objects, err := Build(policy, opts)
			if err != nil {
				t.Fatal(err)
			}
			var have bytes.Buffer
			for _, object := range objects {
				encoded, err := yaml.Marshal(object)
				if err != nil {
					t.Fatal(err)
				}
				have.WriteString("---\n")
				have.Write(encoded)
			}
			path := filepath.Join("testdata", name+".yaml")
			if *rewrite {
				if err := os.WriteFile(path, have.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(have.Bytes(), want) {
				t.Errorf("%s is not what is built; if that is meant, run go test ./internal/resources -update\n%s", path, have.Bytes())
			}
		})
	}
}
