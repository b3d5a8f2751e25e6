// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/promtest"
)

// panel is one of the dashboard's.
type panel struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	FieldConfig struct {
		Defaults struct {
			Unit   string         `json:"unit"`
			Custom map[string]any `json:"custom"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	GridPos map[string]int `json:"gridPos"`
	Targets []struct {
		Expr   string `json:"expr"`
		Legend string `json:"legendFormat"`
	} `json:"targets"`
}

// maybeEmpty are the panels that have nothing to show here: the gateway serves no TLS.
var maybeEmpty = []string{"Time until certificates expire"}

type dashboard struct {
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name  string `json:"name"`
			Type  string `json:"type"`
			Query any    `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

func readDashboard(t *testing.T) *dashboard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "config", "grafana", "jira-tokens.json"))
	must(t, err)
	var d dashboard
	must(t, json.Unmarshal(text, &d))
	return &d
}

// query puts in what Grafana would.
func query(expr string) string {
	return strings.NewReplacer("$namespace", ".*", "$policy", ".*", "$__rate_interval", "15s").Replace(expr)
}

// TestDashboard asks each panel's query of a Prometheus that scrapes the real programs: it is valid, and has an answer.
func TestDashboard(t *testing.T) {
	needsPrometheus(t)
	d := readDashboard(t)
	if len(d.Panels) < 20 {
		t.Fatalf("%d panels", len(d.Panels))
	}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			expr := query(target.Expr)
			eventually(t, fmt.Sprintf("panel %q has data: %s", p.Title, expr), func() error {
				series, err := prometheus.Query(t.Context(), expr)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(maybeEmpty, p.Title) && !slices.ContainsFunc(series, isNumber) {
					return errors.New("no data")
				}
				return nil
			})
			for _, name := range metricNames(target.Expr) {
				if !scraped(t)[name] {
					t.Errorf("panel %q asks for %s, which nobody has", p.Title, name)
				}
			}
		}
	}
}

func isNumber(s promtest.Series) bool {
	var text string
	return json.Unmarshal(s.Value[1], &text) == nil && text != "NaN"
}

// A dashboard that can be imported anywhere names no data source of its own, and its variables find the policies.
func TestDashboardIsImportable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "config", "grafana", "jira-tokens.json"))
	must(t, err)
	for _, uid := range regexp.MustCompile(`"uid": "([^"]*)"`).FindAllStringSubmatch(string(text), -1) {
		if uid[1] != "${datasource}" && uid[1] != "jira-tokens" {
			t.Errorf("a data source of its own: %s", uid[1])
		}
	}
	d, titles, taken := readDashboard(t), map[string]bool{}, map[[2]int]string{}
	if v := d.Templating.List; len(v) != 3 || v[0].Name != "datasource" || v[0].Type != "datasource" {
		t.Errorf("variables %+v", v)
	}
	for _, p := range d.Panels {
		if titles[p.Title] {
			t.Errorf("two panels are called %q", p.Title)
		}
		titles[p.Title] = true
		for x := p.GridPos["x"]; x < p.GridPos["x"]+p.GridPos["w"]; x++ {
			for y := p.GridPos["y"]; y < p.GridPos["y"]+p.GridPos["h"]; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x > 23 {
					t.Fatalf("%q lies on %q or beyond the edge", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	if prometheus == nil {
		return
	}
	eventually(t, "the variables find the policy", func() error {
		series, err := prometheus.Query(t.Context(), "count by (namespace, policy) (jiratokens_policy_condition)")
		if err != nil {
			return err
		}
		if len(series) != 1 || series[0].Metric["namespace"] != "jira-gateway" || series[0].Metric["policy"] != "jira" {
			return fmt.Errorf("%+v", series)
		}
		return nil
	})
}

func eventually(t *testing.T, what string, done func() error) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		err := done()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("waited in vain until %s: %v", what, err)
			return
		}
	}
}
