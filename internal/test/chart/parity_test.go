// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// What the chart has by default is what config/default has, but for what is named in allowed.
func TestChartIsConfigDefault(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		compare(t, kustomize(t, "default"), helm.run(t, "template", release, path, "--namespace="+configNamespace,
			"--set=image.repository=jira-token-operator,image.tag=dev"), "Namespace "+configNamespace) // it is Helm's: --create-namespace
	})
}

func TestMonitoringIsThatOfConfig(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		rendered := helm.run(t, "template", release, path, "--namespace="+configNamespace, "--show-only=templates/monitoring.yaml", image,
			"--set=monitoring.podMonitors.enabled=true,monitoring.prometheusRule.enabled=true")
		compare(t, kustomize(t, "prometheus"), rendered)
		dashboard := decode(t, helm.run(t, "template", release, path, "--show-only=templates/monitoring.yaml", image,
			"--set=monitoring.dashboard.enabled=true"))[0]
		have, _, _ := unstructured.NestedString(dashboard.Object, "data", "jira-tokens.json")
		if have != read(t, filepath.Join(root, "config", "grafana", "jira-tokens.json")) {
			t.Error("the dashboard is not that of config/grafana")
		}
	})
}

// In another namespace nothing names that of config/default.
func TestNamespaceIsTheReleases(t *testing.T) {
	everything := "--values=" + filepath.Join(path, "ci", "everything-values.yaml")
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		for line := range strings.SplitSeq(helm.run(t, "template", release, path, "--namespace=elsewhere", everything), "\n") {
			if strings.Contains(line, configNamespace) {
				t.Error(line)
			}
		}
	})
}

func compare(t *testing.T, configYAML, chartYAML string, without ...string) {
	t.Helper()
	config, chart := byName(decode(t, configYAML)), byName(decode(t, chartYAML))
	for _, name := range without {
		delete(config, name)
	}
	for _, name := range slices.Sorted(maps.Keys(config)) {
		if chart[name] == nil {
			t.Errorf("the chart lacks %s", name)
			continue
		}
		differ(t, name, allowed(config[name]), allowed(chart[name]))
		delete(chart, name)
	}
	for name := range chart {
		t.Errorf("config lacks %s", name)
	}
}

// allowed takes away what may differ.
func allowed(object *unstructured.Unstructured) *unstructured.Unstructured {
	labels, annotations := object.GetLabels(), object.GetAnnotations()
	maps.DeleteFunc(labels, func(label, _ string) bool { // Helm's customs
		return strings.HasPrefix(label, "app.kubernetes.io/") || label == "helm.sh/chart"
	})
	delete(annotations, "helm.sh/resource-policy") // crds.keep, admissionPolicies.keep
	unstructured.RemoveNestedField(object.Object, "metadata", "labels")
	unstructured.RemoveNestedField(object.Object, "metadata", "annotations")
	if len(labels) > 0 {
		object.SetLabels(labels)
	}
	if len(annotations) > 0 {
		object.SetAnnotations(annotations)
	}
	object.Object = unfolded(object.Object).(map[string]any)
	if object.GetKind() == "Deployment" {
		manager := managerContainer(object)
		args, _, _ := unstructured.NestedSlice(manager, "args")
		manager["args"] = slices.DeleteFunc(args, func(arg any) bool { // their defaults, which values can change
			return slices.Contains([]any{"--log-level=info", "--log-format=json", "--audit-log=-"}, arg)
		})
		delete(manager, "imagePullPolicy") // the default
		environment, _, _ := unstructured.NestedSlice(manager, "env")
		manager["env"] = slices.DeleteFunc(environment, func(variable any) bool { // likewise, for gateways
			return variable.(map[string]any)["name"] == "GATEWAY_IMAGE_PULL_POLICY"
		})
	}
	return object
}

// unfolded has no line ends in its texts: kustomize adds some to CEL expressions, to which they mean nothing.
func unfolded(value any) any {
	switch v := value.(type) {
	case string:
		return strings.Join(strings.Fields(v), " ")
	case []any:
		for i := range v {
			v[i] = unfolded(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = unfolded(v[key])
		}
	}
	return value
}

func managerContainer(deployment *unstructured.Unstructured) map[string]any {
	spec := deployment.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	return spec["containers"].([]any)[0].(map[string]any)
}

func differ(t *testing.T, name string, config, chart *unstructured.Unstructured) {
	t.Helper()
	want, err := yaml.Marshal(config.Object)
	if err != nil {
		t.Fatal(err)
	}
	have, err := yaml.Marshal(chart.Object)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(want, have) {
		return
	}
	dir := t.TempDir()
	files := [2]string{filepath.Join(dir, "config"), filepath.Join(dir, "chart")}
	for i, content := range [][]byte{want, have} {
		if err := os.WriteFile(files[i], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := exec.CommandContext(t.Context(), "diff", "-u", files[0], files[1]).CombinedOutput() // it says by its exit code that they differ
	t.Errorf("%s is another one in the chart:\n%s", name, out)
}

// byName finds objects by kind, namespace and name.
func byName(objects []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	out := map[string]*unstructured.Unstructured{}
	for _, o := range objects {
		name := o.GetName()
		if o.GetNamespace() != "" {
			name = o.GetNamespace() + "/" + name
		}
		out[o.GetKind()+" "+name] = o
	}
	return out
}

// kustomize renders a folder of config/.
func kustomize(t *testing.T, folder string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), kubectl(t), "kustomize", filepath.Join(root, "config", folder))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func kubectl(t *testing.T) string {
	t.Helper()
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		assets = filepath.Join(root, "bin", "controlplane")
	}
	program, err := filepath.Abs(filepath.Join(assets, "kubectl"))
	if err != nil {
		t.Fatal(err)
	}
	return program
}
