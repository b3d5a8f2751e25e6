// SPDX-License-Identifier: Apache-2.0

package describe

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

var (
	rewrite = flag.Bool("update", false, "write testdata/*.txt anew; read the diff")
	noon    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

const hash = "sha256:5999a2a3289d923a879ea120241ef3653b4d5ba03b5b771e7ca8c7f9020f04b5"

func at(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(d)) }

// full has everything that can be shown.
func full() *known {
	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "marketing", Name: "zapier", UID: "uid", Generation: 3, CreationTimestamp: at(-72 * time.Hour),
			Labels:      map[string]string{"kustomize.toolkit.fluxcd.io/name": "tokens", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"},
			Annotations: map[string]string{v1alpha1.AnnotationRotateRequestedAt: "2026-11-01T11:00:00Z"},
		},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Description: "Zapier, new-lead comments", Scopes: []v1alpha1.Scope{"read", "write:comment"},
			PolicyRef: v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: "jira"}, Rotation: &v1alpha1.Rotation{Every: "168h", Overlap: "24h"},
		},
		Status: v1alpha1.ApiTokenStatus{
			ObservedGeneration: 3, Rule: "integrations", RequestedBy: "oidc:bob", ApprovedBy: "oidc:carol", ExpiresAt: new(at(30 * 24 * time.Hour)),
			Binding:    &v1alpha1.SecretBinding{Name: "zapier-jira"},
			Credential: &v1alpha1.CredentialStatus{ID: "4Zq0m8bVt1Xc", IssuedAt: at(-time.Hour), RotatesAt: new(at(6 * 24 * time.Hour))},
			Retiring:   []v1alpha1.RetiringCredential{{ID: "aB3dE5fG7hI9", RetiresAt: at(23 * time.Hour)}},
			Grant: &v1alpha1.GrantStatus{
				Digest: hash, OwnerKey: "JIRAUSER10100", Scopes: []v1alpha1.Scope{"read", "write:comment"}, SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24"},
				Headers: []v1alpha1.HeaderPattern{{Name: "User-Agent", Pattern: "Zapier*"}}, RateLimit: &v1alpha1.RateLimit{Requests: 60, Period: "1m", Concurrent: new(int32(4))},
			},
			Activity: &v1alpha1.ActivityStatus{
				LastUsedAt: new(at(-5 * time.Minute)), LastAddress: "203.0.113.0/24", LastUserAgent: "Zapier", Requests: 1204,
				Refused: 17, Refusals: []v1alpha1.RefusalCount{{Reason: "scope", Count: 12}, {Reason: "rate-limit", Count: 5}}, LastRefusedAt: new(at(-time.Hour)),
			},
			Conditions: []metav1.Condition{
				{Type: "Active", Status: "True", Reason: "Issued", Message: "requests with the token are let through", LastTransitionTime: at(-time.Hour)},
				{Type: "Ready", Status: "True", Reason: "Issued", Message: "credential 4Zq0m8bVt1Xc is in Secret zapier-jira", LastTransitionTime: at(-time.Hour)},
			},
		},
	}
	return &known{
		token: token,
		policy: &v1alpha1.TokenPolicy{Spec: v1alpha1.TokenPolicySpec{Rules: []v1alpha1.Rule{{Name: "others"}, {
			Name: "integrations", Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"marketing"}},
			Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"svc-zapier"}}, Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write:comment"}, MaxLifetime: "720h"},
			Approval: &v1alpha1.RuleApproval{Required: true},
		}}}},
		approvals: []v1alpha1.TokenApproval{
			{
				ObjectMeta: metav1.ObjectMeta{Name: "marketing-zapier-x7k2p", CreationTimestamp: at(-48 * time.Hour)},
				Spec:       v1alpha1.TokenApprovalSpec{GrantDigest: hash, Decision: v1alpha1.DecisionApprove, Reason: "OPS-123"},
			},
			{
				ObjectMeta: metav1.ObjectMeta{Name: "marketing-zapier-22222", CreationTimestamp: at(-24 * time.Hour)},
				Spec:       v1alpha1.TokenApprovalSpec{GrantDigest: "sha256:other", Decision: v1alpha1.DecisionDeny},
			},
		},
		events: []corev1.Event{
			{Type: "Normal", Reason: "Issued", Message: "issued credential 4Zq0m8bVt1Xc", EventTime: metav1.NewMicroTime(noon.Add(-time.Hour))},
			{Type: "Warning", Reason: "Reissued", Message: "forged\nline\x1b[2K", LastTimestamp: at(-time.Minute), Count: 3},
		},
	}
}

func TestText(t *testing.T) {
	waiting := full()
	waiting.token.Status = v1alpha1.ApiTokenStatus{ObservedGeneration: 3, Conditions: []metav1.Condition{{
		Type: "Ready", Status: "False", Reason: "ApprovalRequired", Message: "rule integrations asks for an approval", LastTransitionTime: at(-time.Minute),
	}}}
	waiting.policy, waiting.approvals, waiting.events = nil, nil, nil
	waiting.notes = []string{"the policy can't be shown: you may not get tokenpolicies in namespace jira-gateway"}
	bare := &known{token: &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: "dev", Name: "laptop", Generation: 1, CreationTimestamp: at(0)},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{"read"}, TokenHash: hash, PolicyRef: v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: "jira"},
		},
		Status: v1alpha1.ApiTokenStatus{ObservedGeneration: -1},
	}}
	for name, k := range map[string]*known{"full": full(), "waiting": waiting, "bare": bare} {
		have := text(k, noon)
		path := filepath.Join("testdata", name+".txt")
		if *rewrite {
			if err := os.WriteFile(path, []byte(have), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || have != string(want) {
			t.Errorf("have\n%s\nwant %s (%v; -update writes it anew)\n%s", have, path, err, want)
		}
		if name == "bare" && strings.Contains(have, hash) {
			t.Error("the hash of a token is shown")
		}
	}
}
