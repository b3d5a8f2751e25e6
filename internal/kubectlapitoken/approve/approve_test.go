// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

var rewrite = flag.Bool("update", false, "write testdata/*.txt anew; read the diff")

// waiting is a token that bob declared and that waits for an approval.
func waiting(t *testing.T, changes ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
	t.Helper()
	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: "marketing", Name: "zapier", UID: "6e5b1a1c-0000-4000-8000-000000000001", Generation: 3},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Description: "Zapier, new-lead comments",
			PolicyRef: v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: "jira"},
		},
		Status: v1alpha1.ApiTokenStatus{
			ObservedGeneration: 3, Rule: "integrations", RequestedBy: "oidc:bob",
			ExpiresAt:  &metav1.Time{Time: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)},
			Conditions: []metav1.Condition{{Type: "Ready", Status: "False", Reason: "ApprovalRequired", Message: "rule integrations asks for an approval"}},
			Grant: &v1alpha1.GrantStatus{
				OwnerKey: "JIRAUSER10100", Scopes: []v1alpha1.Scope{"read", "write"}, SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24"},
				RateLimit: &v1alpha1.RateLimit{Requests: 60, Period: "1m", Burst: new(int32(10))},
			},
		},
	}
	sign(t, token)
	for _, change := range changes {
		change(token)
	}
	return token
}

// sign gives the status the digest of what it shows, as the operator does.
func sign(t *testing.T, token *v1alpha1.ApiToken) {
	t.Helper()
	shown, expiresAt, err := shownGrant(token)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := grant.Digest(shown, expiresAt)
	if err != nil {
		t.Fatal(err)
	}
	token.Status.Grant.Digest = v1alpha1.GrantDigest(digest)
}

func ready(reason string) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) {
		t.Status.Conditions[0].Reason, t.Status.Conditions[0].Message = reason, "because"
	}
}

func TestObstacles(t *testing.T) {
	type tokens = func(*v1alpha1.ApiToken)
	approved := func(t *v1alpha1.ApiToken) { t.Status.ApprovedBy = "oidc:carol" }
	for name, c := range map[string]struct {
		changes       []tokens
		me            string
		approve, deny string // what it says; empty: nothing is in the way
	}{
		"waiting":             {nil, "oidc:carol", "", ""},
		"declared by oneself": {nil, "oidc:bob", `you declared ApiToken marketing/zapier yourself (as "oidc:bob"): somebody else has to approve it`, ""},
		"never looked at": {
			[]tokens{func(t *v1alpha1.ApiToken) { t.Status = v1alpha1.ApiTokenStatus{ObservedGeneration: -1} }},
			"oidc:carol",
			"the operator has not looked at ApiToken marketing/zapier yet", "the operator has not looked at ApiToken marketing/zapier yet",
		},
		"changed since": {
			[]tokens{func(t *v1alpha1.ApiToken) { t.Generation = 4 }},
			"oidc:carol",
			"its status is of generation 3, not of 4", "its status is of generation 3, not of 4",
		},
		"being deleted": {[]tokens{func(t *v1alpha1.ApiToken) { t.DeletionTimestamp = &metav1.Time{} }}, "oidc:carol", "is being deleted", "is being deleted"},
		"needs none":    {[]tokens{ready("Issued")}, "oidc:carol", "waits for no approval: Issued: because", "so a denial would not stop it: to stop it, set its spec.suspend"},
		"not permitted": {[]tokens{ready("NotPermitted")}, "oidc:carol", "waits for no approval: NotPermitted: because", "asks for no approval"},
		"approved":      {[]tokens{ready("Issued"), approved}, "oidc:carol", `is approved already, by "oidc:carol"`, ""},
		"needs another": {[]tokens{approved}, "oidc:carol", "", ""},
		"denied":        {[]tokens{ready("ApprovalDenied")}, "oidc:carol", "is denied, which outweighs every approval: because", "is denied already: because"},
		"without grant": {[]tokens{func(t *v1alpha1.ApiToken) { t.Status.Grant = nil }}, "oidc:carol", "has no status.grant", "has no status.grant"},
	} {
		for decision, says := range map[v1alpha1.ApprovalDecision]string{v1alpha1.DecisionApprove: c.approve, v1alpha1.DecisionDeny: c.deny} {
			err := obstacle(waiting(t, c.changes...), decision, c.me)
			if (err == nil) != (says == "") || (err != nil && !strings.Contains(err.Error(), says)) {
				t.Errorf("%s, %s: have %v, want %q", name, decision, err, says)
			}
		}
	}
}

// TestDigestHasToBeOfWhatIsShown: whoever can write a status must not have one thing shown and another approved.
func TestDigestHasToBeOfWhatIsShown(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.ApiToken){
		"scopes":          func(t *v1alpha1.ApiToken) { t.Status.Grant.Scopes = []v1alpha1.Scope{"read"} },
		"source ranges":   func(t *v1alpha1.ApiToken) { t.Status.Grant.SourceRanges = []v1alpha1.CIDR{"203.0.113.0/28"} },
		"no range at all": func(t *v1alpha1.ApiToken) { t.Status.Grant.SourceRanges = nil },
		"rate limit":      func(t *v1alpha1.ApiToken) { t.Status.Grant.RateLimit.Requests = 1 },
		"burst":           func(t *v1alpha1.ApiToken) { t.Status.Grant.RateLimit.Burst = nil },
		"expiry":          func(t *v1alpha1.ApiToken) { t.Status.ExpiresAt.Time = t.Status.ExpiresAt.Add(-time.Hour) },
		"no expiry":       func(t *v1alpha1.ApiToken) { t.Status.ExpiresAt = nil },
		"owner":           func(t *v1alpha1.ApiToken) { t.Spec.Owner = "alice" },
		"digest":          func(t *v1alpha1.ApiToken) { t.Status.Grant.Digest = "sha256:0" },
		"unknown scope":   func(t *v1alpha1.ApiToken) { t.Status.Grant.Scopes = []v1alpha1.Scope{"everything"} },
	} {
		err := obstacle(waiting(t, change), v1alpha1.DecisionApprove, "oidc:carol")
		if err == nil || !strings.Contains(err.Error(), "status.grant of ApiToken marketing/zapier") {
			t.Errorf("%s: have %v", name, err)
		}
	}
}

func TestSummary(t *testing.T) {
	bare := waiting(t, func(t *v1alpha1.ApiToken) {
		t.Spec.Description, t.Status.RequestedBy, t.Status.Rule, t.Status.ExpiresAt = "", "", "", nil
		t.Status.Grant = &v1alpha1.GrantStatus{Scopes: []v1alpha1.Scope{"read"}, Digest: "sha256:0"}
	})
	forged := waiting(t, func(t *v1alpha1.ApiToken) {
		t.Spec.Description = "harmless\nMay:   nothing\r\x1b[2K\u2028\u202eesrever"
	})
	for name, token := range map[string]*v1alpha1.ApiToken{"full": waiting(t), "bare": bare, "forged": forged} {
		path := filepath.Join("testdata", "summary-"+name+".txt")
		have := summary(token)
		if *rewrite {
			if err := os.WriteFile(path, []byte(have), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || have != string(want) {
			t.Errorf("have\n%s\nwant %s (%v; -update writes it anew)\n%s", have, path, err, want)
		}
	}
}
