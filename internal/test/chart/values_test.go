// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A value that the chart does not know, or can't be, is refused with its name.
func TestWrongValues(t *testing.T) {
	wrong := map[string][]string{ // values, then what the message has
		"image.repositry=x":                         {"image", "repositry"},
		"nameOverride=x":                            {"nameOverride"},
		"image.digest=sha256:12":                    {"image", "digest"},
		"image.repository=https://x/y":              {"image", "repository"},
		"image.pullPolicy=Sometimes":                {"image", "pullPolicy"},
		"replicas=0":                                {"replicas"},
		"replicas=two":                              {"replicas"},
		"watchNamespaces={a,a}":                     {"watchNamespaces"},
		"watchNamespaces={A}":                       {"watchNamespaces", "0"},
		"watchNamespaces=a":                         {"watchNamespaces"},
		"log.level=loud":                            {"log", "level"},
		"log.format=xml":                            {"log", "format"},
		"audit.log=":                                {"audit", "log"},
		"certificates.source=Vault":                 {"certificates", "source"},
		"certificates.certManager.duration=90d":     {"certificates", "certManager", "duration"},
		"certificates.certManager.issuerRef.kind=x": {"certificates", "certManager", "issuerRef", "name"},
		"crds.keep=maybe":                           {"crds", "keep"},
		"resources.limit.memory=1Gi":                {"resources", "limit"},
		"resources.limits.memory=lots":              {"resources", "limits", "memory"},
		"goMemoryLimit=lots":                        {"goMemoryLimit"},
		"affinity.nodes=x":                          {"affinity", "nodes"},
		"tolerations[0].effect=Never":               {"tolerations", "0", "effect"},
		"topologySpreadConstraints[0].maxSkew=1":    {"topologySpreadConstraints", "0", "topologyKey"},
		"podDisruptionBudget.maxUnavailable=0":      {"podDisruptionBudget", "maxUnavailable"},
		"networkPolicy.webhook.from[0].cidr=x":      {"networkPolicy", "webhook", "from", "cidr"},
		"networkPolicy.egress.rules[0].from=x":      {"networkPolicy", "egress", "rules", "from"},
		"networkPolicy.egress.enabled=true":         {"networkPolicy", "egress", "rules"},
		"monitoring.podMonitors.interval=often":     {"monitoring", "podMonitors", "interval"},
		`commonLabels.app\.kubernetes\.io/name=x`:   {"commonLabels", "app.kubernetes.io"},
		// It would give everybody with the role view what the manager may.
		`commonLabels.rbac\.authorization\.k8s\.io/aggregate-to-view=x`: {"commonLabels", "rbac.authorization.k8s.io"},
		`commonLabels.jiratokens\.io/policy=jira`:                       {"commonLabels", "jiratokens.io"},
		// The manager would go on with all its rights after helm uninstall.
		`commonAnnotations.helm\.sh/resource-policy=keep`: {"commonAnnotations", "helm.sh"},
		"podLabels.a=b c":                {"podLabels", "a"},
		"extraArgs={leader-elect}":       {"extraArgs", "0"},
		"extraEnv[0].name=GATEWAY_IMAGE": {"extraEnv", "0", "name"},
	}
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		for _, value := range slices.Sorted(maps.Keys(wrong)) {
			_, err := helm.try(t.Context(), t.TempDir(), "template", release, path, image, "--set="+value)
			if err == nil {
				t.Errorf("%s is taken", value)
				continue
			}
			for _, want := range wrong[value] {
				if !strings.Contains(strings.SplitN(err.Error(), "exit status", 2)[1], want) {
					t.Errorf("%s: the message does not name %s: %v", value, want, err)
				}
			}
		}
	})
}

func TestImageMustBeNamed(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		_, err := helm.try(t.Context(), t.TempDir(), "template", release, path)
		if err == nil || !strings.Contains(err.Error(), "image.repository is empty; where your cluster finds the image is needed") {
			t.Errorf("have %v", err)
		}
	})
}

type schemaNode struct {
	Description          string
	Properties           map[string]schemaNode
	Items                *schemaNode
	AdditionalProperties any
	Defs                 map[string]schemaNode `json:"$defs"`
}

// The schema explains each value as values.yaml does, and takes none that it does not know.
func TestSchemaExplainsValues(t *testing.T) {
	var schema schemaNode
	if err := json.Unmarshal([]byte(read(t, filepath.Join(path, "values.schema.json"))), &schema); err != nil {
		t.Fatal(err)
	}
	explained := map[string]string{}
	collect(t, "", schema, explained)
	for name, def := range schema.Defs {
		collect(t, "$defs."+name, def, map[string]string{})
	}
	values := comments(t)
	for name, comment := range values {
		if explained[name] != comment {
			t.Errorf("%s\nvalues.yaml says        %q\nvalues.schema.json says %q", name, comment, explained[name])
		}
	}
	if len(values) < 40 {
		t.Errorf("only %d values were found", len(values))
	}
}

func collect(t *testing.T, name string, node schemaNode, explained map[string]string) {
	t.Helper()
	if node.Items != nil {
		collect(t, name+"[]", *node.Items, explained)
	}
	if len(node.Properties) > 0 && node.AdditionalProperties != false && !slices.Contains(open, name) {
		t.Errorf("%s takes what it does not know", name)
	}
	for property, child := range node.Properties {
		at := strings.TrimPrefix(name+"."+property, ".")
		if child.Description == "" {
			t.Errorf("%s is not explained", at)
		}
		explained[at] = child.Description
		collect(t, at, child, explained)
	}
}

// open are Kubernetes' own objects, of which a part is known.
var open = []string{"$defs.volumes[]", "$defs.volumeMounts[]"}

var keyLine, commentLine = regexp.MustCompile(`^( *)(\w+):`), regexp.MustCompile(`^ *# (.*)`)

// comments are those of values.yaml that helm-docs takes, by the value they are before.
func comments(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	var at []string
	var comment string
	for line := range strings.SplitSeq(read(t, filepath.Join(path, "values.yaml")), "\n") {
		if m := commentLine.FindStringSubmatch(line); m != nil {
			if text, begins := strings.CutPrefix(m[1], "-- "); begins {
				comment = text
			} else if comment != "" {
				comment += " " + m[1]
			}
		} else if m := keyLine.FindStringSubmatch(line); m != nil {
			at = append(at[:min(len(at), len(m[1])/2)], m[2])
			if comment != "" {
				out[strings.Join(at, ".")] = comment
			}
			comment = ""
		}
	}
	return out
}
