// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/promtest"
)

// pictured is a panel with its data, for hack/dashboard-picture.
type pictured struct {
	Panel  panel               `json:"panel"`
	Series [][]promtest.Series `json:"series"` // by target
}

// TestPictureData writes what the dashboard shows after some minutes of traffic into the file that DASHBOARD_DATA names: make
// dashboard-picture draws it.
func TestPictureData(t *testing.T) {
	path := os.Getenv("DASHBOARD_DATA")
	if path == "" {
		t.Skip("DASHBOARD_DATA names no file")
	}
	needsPrometheus(t)
	length, err := time.ParseDuration(os.Getenv("DASHBOARD_TIME"))
	if err != nil {
		length = 5 * time.Minute
	}
	time.Sleep(length)
	to := time.Now()
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	var all []pictured
	for _, p := range readDashboard(t).Panels {
		one := pictured{Panel: p}
		for _, target := range p.Targets {
			series, err := prometheus.QueryRange(t.Context(), query(target.Expr), to.Add(20*time.Second-length), to, 3*time.Second)
			must(t, err)
			for _, s := range series {
				if instance, ok := s.Metric["instance"]; ok {
					s.Metric["instance"] = port.ReplaceAllString(instance, "10.42.0.17:8081")
				}
			}
			one.Series = append(one.Series, series)
		}
		all = append(all, one)
	}
	text, err := json.Marshal(all)
	must(t, err)
	must(t, os.WriteFile(path, text, 0o600))
}
