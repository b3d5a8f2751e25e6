// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/internal/test/promtest"
)

const runbooks = "https://github.com/jiratokens/jira-token-operator/blob/main/docs/monitoring.md#"

// rule is an alert in rules.yaml.
type rule struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

func (f *ruleFile) all() (rules []rule) {
	for _, g := range f.Groups {
		rules = append(rules, g.Rules...)
	}
	return rules
}

func read(t *testing.T, into any, path ...string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{root}, path...)...))
	must(t, err)
	must(t, yaml.Unmarshal(text, into))
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file ruleFile
	read(t, &file, "config", "prometheus", "rules.yaml")
	if len(file.all()) == 0 {
		t.Fatal("no rules")
	}
	return file.all()
}

// promtool runs it beside the rules.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	folder, err := promtest.Find()
	if err != nil {
		needsPrometheus(t)
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), filepath.Join(folder, "promtool"), args...)
	command.Dir = filepath.Join(root, "config", "prometheus")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

func TestRulesAreValid(t *testing.T) { promtool(t, "check", "rules", "rules.yaml") }

// TestAlertsFireAndDoNot runs the unit tests in rules_test.yaml.
func TestAlertsFireAndDoNot(t *testing.T) { promtool(t, "test", "rules", "rules_test.yaml") }

// Each alert says what it takes to act on it, has a runbook, and a unit test in which it fires and one in which it does not.
func TestEachAlertIsComplete(t *testing.T) {
	var tests struct {
		Tests []struct {
			Name  string `json:"name"`
			Exprs []struct {
				Expr    string `json:"expr"`
				Samples []any  `json:"exp_samples"`
			} `json:"promql_expr_test"`
		} `json:"tests"`
	}
	read(t, &tests, "config", "prometheus", "rules_test.yaml")
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range tests.Tests {
		name, _, _ := strings.Cut(test.Name, " ")
		for _, e := range test.Exprs {
			if !strings.Contains(e.Expr, `alertname="`+name+`"`) {
				t.Errorf("the test %s asks for another alert: %s", test.Name, e.Expr)
			}
			fires[name] = fires[name] || len(e.Samples) > 0
			silent[name] = silent[name] || len(e.Samples) == 0
		}
	}
	docs, err := os.ReadFile(filepath.Join(root, "docs", "monitoring.md"))
	must(t, err)
	seen := map[string]bool{}
	for _, r := range rules(t) {
		if seen[r.Alert] || !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: there twice: %v; a test in which it fires: %v, in which it does not: %v", r.Alert, seen[r.Alert], fires[r.Alert], silent[r.Alert])
		}
		seen[r.Alert] = true
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) ||
			r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: %+v", r.Alert, r)
		}
		if want := runbooks + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s: the runbook is %s, want %s", r.Alert, r.Annotations["runbook_url"], want)
		}
		if !strings.Contains(string(docs), "\n### "+r.Alert+"\n") {
			t.Errorf("docs/monitoring.md has no section %s", r.Alert)
		}
	}
	for _, heading := range regexp.MustCompile(`\n### (Jira\w+)\n`).FindAllStringSubmatch(string(docs), -1) {
		if !seen[heading[1]] {
			t.Errorf("docs/monitoring.md has a runbook for %s, which is no alert", heading[1])
		}
	}
}

// What the Prometheus operator gets is what promtool tested.
func TestPrometheusRuleIsTheRules(t *testing.T) {
	var object struct {
		Spec map[string]any `json:"spec"`
	}
	var file map[string]any
	read(t, &object, "config", "prometheus", "prometheusrule.yaml")
	read(t, &file, "config", "prometheus", "rules.yaml")
	if !reflect.DeepEqual(object.Spec, file) {
		t.Error("prometheusrule.yaml is not rules.yaml: run make generate")
	}
}

// TestAlertExpressions evaluates each on real metrics: it is valid, and every metric in it exists or is of those that do not
// always.
func TestAlertExpressions(t *testing.T) {
	needsPrometheus(t)
	known := scraped(t)
	for _, r := range rules(t) {
		if _, err := prometheus.Query(t.Context(), r.Expr); err != nil {
			t.Error(err)
		}
		for _, name := range metricNames(r.Expr) {
			if !known[name] {
				t.Errorf("%s asks for %s, which nobody has", r.Alert, name)
			}
		}
	}
}

// TestAlertsOnRealMetrics: the traffic leaks a token, and the gateway's rate limit and a lost Secret do not matter yet.
func TestAlertsOnRealMetrics(t *testing.T) {
	needsPrometheus(t)
	eventually(t, "a leaked token is told, and nothing of what is well", func() error {
		states, err := prometheus.Alerts(t.Context())
		if err != nil {
			return err
		}
		if states["JiraTokenLeaked"] != "firing" || states["JiraTokenExpiringInUse"] == "firing" {
			return errors.New("not yet")
		}
		for _, name := range []string{
			"JiraTokenManagerAbsent", "JiraTokenGatewayDown", "JiraTokenGatewayStale", "JiraTokenGatewayUnavailable",
			"JiraTokenPolicyNotReady", "JiraDirectoryStale", "JiraOwnerTokenExpired", "JiraTokenGatewayConfigNotUsed",
		} {
			if states[name] != "" {
				t.Errorf("%s is %s", name, states[name])
			}
		}
		return nil
	})
}
