// SPDX-License-Identifier: Apache-2.0

package list

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

var (
	rewrite = flag.Bool("update", false, "write testdata/*.txt anew; read the diff")
	noon    = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
)

func ago(d time.Duration) metav1.Time { return metav1.NewTime(noon.Add(-d)) }

// world is a list with one of each.
func world() []*v1alpha1.ApiToken {
	make1 := func(name, owner string, age time.Duration, scopes ...v1alpha1.Scope) *v1alpha1.ApiToken {
		return &v1alpha1.ApiToken{
			ObjectMeta: metav1.ObjectMeta{Namespace: "marketing", Name: name, CreationTimestamp: ago(age), Generation: 1},
			Spec: v1alpha1.ApiTokenSpec{
				Owner: v1alpha1.JiraUserName(owner), Scopes: scopes, PolicyRef: v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: "jira"},
			},
			Status: v1alpha1.ApiTokenStatus{ObservedGeneration: 1},
		}
	}
	is := func(t *v1alpha1.ApiToken, reason string, conditions ...string) *v1alpha1.ApiToken {
		t.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: "True", Reason: reason}}
		for _, kind := range conditions {
			t.Status.Conditions = append(t.Status.Conditions, metav1.Condition{Type: kind, Status: "True", Reason: reason})
		}
		return t
	}
	busy := is(make1("busy", "Alice", 100*day, "read", "write:comment"), v1alpha1.ReasonIssued, v1alpha1.ConditionActive, v1alpha1.ConditionExpiring)
	busy.Status.ExpiresAt = &metav1.Time{Time: noon.Add(3 * day)}
	busy.Status.Activity = &v1alpha1.ActivityStatus{LastUsedAt: new(ago(5 * time.Minute)), Requests: 1204}
	busy.Status.Credential = &v1alpha1.CredentialStatus{ID: "0123456789ab", RotatesAt: &metav1.Time{Time: noon.Add(day)}}
	busy.Status.Retiring = []v1alpha1.RetiringCredential{{ID: "ba9876543210"}}
	busy.Status.Rule, busy.Status.RequestedBy, busy.Status.ApprovedBy = "integrations", "oidc:bob", "oidc:carol"
	idle := is(make1("idle", "bob", 200*day, "admin"), v1alpha1.ReasonIssued, v1alpha1.ConditionActive, v1alpha1.ConditionUnused)
	idle.Status.Activity = &v1alpha1.ActivityStatus{LastUsedAt: new(ago(120 * day)), Requests: 7}
	never := is(make1("never", "bob", 40*day, "read:issue"), v1alpha1.ReasonIssued, v1alpha1.ConditionActive)
	never.Status.ExpiresAt = &metav1.Time{Time: noon.Add(30 * day)}
	expired := is(make1("expired", "carol", 60*day, "read"), v1alpha1.ReasonExpired)
	expired.Status.ExpiresAt = &metav1.Time{Time: noon.Add(-day)}
	suspended := is(make1("suspended", "carol", 30*day, "read", "admin:user"), v1alpha1.ReasonSuspended)
	waiting := is(make1("waiting", "carol", time.Hour, "write"), v1alpha1.ReasonApprovalRequired)
	waiting.Status.Conditions[0].Status = "False"
	return []*v1alpha1.ApiToken{busy, idle, never, expired, suspended, waiting, make1("new", "dave\u202e\x1b[2K", 0, "read")}
}

// choose is what the flags choose, in their order.
func choose(t *testing.T, line string) (string, error) {
	t.Helper()
	var f filters
	fs := pflag.NewFlagSet("list", pflag.ContinueOnError)
	f.addFlags(fs)
	sortBy := fs.String("sort-by", "name", "")
	if err := fs.Parse(strings.Fields(line)); err != nil {
		t.Fatal(err)
	}
	if err := checkOrder(*sortBy); err != nil {
		return "", err
	}
	matches, err := f.matcher(noon)
	if err != nil {
		return "", err
	}
	all := world()
	sortTokens(all, *sortBy)
	var names []string
	for _, token := range all {
		if matches(token) {
			names = append(names, token.Name)
		}
	}
	return strings.Join(names, " "), nil
}

func TestFilters(t *testing.T) {
	for line, want := range map[string]string{
		"":                                        "busy expired idle never new suspended waiting",
		"--state live":                            "busy idle never",
		"--state suspended,waiting":               "new suspended waiting",
		"--state expired --state refused":         "expired",
		"--reason ApprovalRequired":               "waiting",
		"--scope read":                            "busy expired new suspended",
		"--scope read:issue":                      "busy expired never new suspended",
		"--scope write:comment":                   "busy waiting",
		"--scope admin:user":                      "idle suspended",
		"--credential ba9876543210":               "busy",
		"--credential 000000000000":               "",
		"--unused":                                "idle",
		"--expiring":                              "busy",
		"--created-before 90d":                    "busy idle",
		"--created-after 1d":                      "new waiting",
		"--created-after 2026-10-01":              "new suspended waiting",
		"--last-used-before 12w":                  "idle",
		"--last-used-before 30d":                  "expired idle never",
		"--last-used-after 1h":                    "busy",
		"--expires-before 14d":                    "busy expired",
		"--expires-before 14d --state live":       "busy",
		"--expires-after 2026-11-05T00:00:00Z":    "never",
		"--expires-after 0s --created-before 90d": "busy",
		"--sort-by expires":                       "expired busy never idle new suspended waiting",
		"--sort-by created":                       "idle busy expired never suspended waiting new",
		"--sort-by last-used":                     "idle busy expired never new suspended waiting",
		"--sort-by requests":                      "expired never new suspended waiting idle busy",
		"--sort-by owner":                         "busy idle never expired suspended waiting new",
	} {
		if have, err := choose(t, line); err != nil || have != want {
			t.Errorf("%s: %s (%v), want %s", line, have, err, want)
		}
	}
	for line, says := range map[string]string{
		"--state dead":              `--state is "dead"; one or more of live, suspended, expired, refused, waiting, deleting are needed`,
		"--scope all":               `--scope: unknown scope "all"`,
		"--created-before soon":     `--created-before is "soon"; a time (2027-01-31T00:00:00Z), a day (2027-01-31) or a length of time`,
		"--expires-after -3h":       `--expires-after is "-3h"`,
		"--last-used-after 999999d": `--last-used-after is "999999d"`,
		"--sort-by size":            `--sort-by is "size"; one of name, owner, policy, created, expires, last-used, requests is needed`,
	} {
		if _, err := choose(t, line); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %s", line, err, says)
		}
	}
}

func TestTable(t *testing.T) {
	all := world()
	sortTokens(all, "name")
	for name, wide := range map[string]bool{"table": false, "wide": true} {
		var out bytes.Buffer
		if err := printTable(&out, all, noon, wide, wide, true); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name+".txt")
		if *rewrite {
			if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if want, err := os.ReadFile(path); err != nil || out.String() != string(want) {
			t.Errorf("have\n%s\nwant (%v; -update writes it anew)\n%s", out.String(), err, want)
		}
	}
}

// BenchmarkList is what a hundred thousand tokens take once they are here.
func BenchmarkList(b *testing.B) {
	var all []*v1alpha1.ApiToken
	for len(all) < 100_000 {
		all = append(all, world()...)
	}
	for b.Loop() {
		sortTokens(all, "last-used")
		if err := printTable(&bytes.Buffer{}, all, noon, true, false, true); err != nil {
			b.Fatal(err)
		}
	}
}
