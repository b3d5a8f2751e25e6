// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/internal/resources"
)

type podMonitor struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port        string `json:"port"`
			Path        string `json:"path"`
			HonorLabels bool   `json:"honorLabels"`
		} `json:"podMetricsEndpoints"`
	} `json:"spec"`
}

// target is what is to be scraped: the labels of its pods, and the name of its port.
type target struct {
	labels map[string]string
	port   string
}

func targets(t *testing.T) map[string]target {
	t.Helper()
	var manager appsv1.Deployment
	read(t, &manager, "config", "manager", "manager.yaml")
	pod := manager.Spec.Template
	port := ""
	for _, p := range pod.Spec.Containers[0].Ports {
		if p.Name == "metrics" {
			port = p.Name
		}
	}
	return map[string]target{
		"jira-token-operator-manager": {pod.Labels, port},
		"jira-token-gateways":         {resources.Labels("any"), resources.PortNameAdmin},
	}
}

// TestPodMonitorsFindThePods: what the Prometheus operator is told selects the pods that there are, by the ports that they have.
func TestPodMonitorsFindThePods(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "config", "prometheus", "podmonitors.yaml"))
	must(t, err)
	found := map[string]bool{}
	for document := range strings.SplitSeq(string(text), "\n---\n") {
		var m podMonitor
		must(t, yaml.Unmarshal([]byte(document), &m))
		want := targets(t)[m.Metadata.Name]
		selector, err := metav1.LabelSelectorAsSelector(&m.Spec.Selector)
		must(t, err)
		if !selector.Matches(labels.Set(want.labels)) || selector.Empty() {
			t.Errorf("%s selects %s, not %v", m.Metadata.Name, selector, want.labels)
		}
		if e := m.Spec.Endpoints; len(e) != 1 || e[0].Port != want.port || e[0].Path != "/metrics" || !e[0].HonorLabels {
			t.Errorf("%s: %+v", m.Metadata.Name, e)
		}
		found[m.Metadata.Name] = true
	}
	if len(found) != len(targets(t)) {
		t.Errorf("there are %v", found)
	}
}

// TestScrapeConfig: the same for a Prometheus of its own, whose jobs are those that alerts and dashboard know.
func TestScrapeConfig(t *testing.T) {
	var config struct {
		Jobs []struct {
			Name        string `json:"job_name"`
			HonorLabels bool   `json:"honor_labels"`
			Discovery   []struct {
				Selectors []struct {
					Label string `json:"label"`
				} `json:"selectors"`
			} `json:"kubernetes_sd_configs"`
			Relabel []struct {
				Source []string `json:"source_labels"`
				Regex  string   `json:"regex"`
			} `json:"relabel_configs"`
		} `json:"scrape_configs"`
	}
	read(t, &config, "config", "prometheus", "scrape.yaml")
	if len(config.Jobs) != len(targets(t)) {
		t.Errorf("%d jobs", len(config.Jobs))
	}
	for _, job := range config.Jobs {
		want := targets(t)[job.Name]
		selector, err := labels.Parse(job.Discovery[0].Selectors[0].Label)
		must(t, err)
		ports := regexp.MustCompile("^(?:" + job.Relabel[0].Regex + ")$")
		if !selector.Matches(labels.Set(want.labels)) || selector.Empty() || !ports.MatchString(want.port) || !job.HonorLabels {
			t.Errorf("%s: %+v", job.Name, job)
		}
		known := 0
		for _, r := range rules(t) {
			for _, match := range regexp.MustCompile(`job=~"([^"]*)"`).FindAllStringSubmatch(r.Expr, -1) {
				if regexp.MustCompile("^(?:" + match[1] + ")$").MatchString("jira-token-operator-system/" + job.Name) {
					known++
				}
			}
		}
		if known == 0 {
			t.Errorf("no alert knows the job %s", job.Name)
		}
	}
}
