// SPDX-License-Identifier: Apache-2.0

// Command gen-namespaced-role writes the Role of a manager with --watch-namespaces: of its ClusterRole, what has a form
// within a namespace. What has none is in config/rbac/namespaced/cluster_role.yaml.
package main

import (
	"fmt"
	"os"
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const (
	source = "config/rbac/role.yaml"
	target = "config/rbac/namespaced/role.yaml"

	head = `# With --watch-namespaces: what the manager may do in each of these namespaces. Generated from ../role.yaml: run
# ` + "`make generate`" + `.
`
)

// clusterScoped are the resources that are in no namespace.
var clusterScoped = []string{"mutatingwebhookconfigurations", "namespaces", "tokenreviews"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen-namespaced-role:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	var whole rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(text, &whole); err != nil {
		return fmt.Errorf("read %s: %w", source, err)
	}
	role := rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Name: whole.Name},
	}
	for _, rule := range whole.Rules {
		rule.Resources = slices.DeleteFunc(rule.Resources, func(r string) bool { return slices.Contains(clusterScoped, r) })
		if len(rule.Resources) > 0 {
			role.Rules = append(role.Rules, rule)
		}
	}
	out, err := yaml.Marshal(role)
	if err != nil {
		return fmt.Errorf("encode the Role: %w", err)
	}
	return os.WriteFile(target, append([]byte(head), out...), 0o644)
}
