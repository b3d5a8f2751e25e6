// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"slices"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// objects are those of one kind in a folder of config/, by name.
func objects[T any](t *testing.T, kind string, elements ...string) map[string]*T {
	t.Helper()
	out := map[string]*T{}
	for _, path := range files(t, elements...) {
		for _, u := range decode(t, read(t, path)) {
			if u.GetKind() != kind {
				continue
			}
			var object T
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &object); err != nil {
				t.Fatal(err)
			}
			out[u.GetName()] = &object
		}
	}
	return out
}

const aggregate = "rbac.authorization.k8s.io/aggregate-to-"

// What each role of people and programs may do, and no more: "verbs resources", sorted.
func TestRoles(t *testing.T) {
	const read, write = "get,list,watch", "create,delete,get,list,patch,update,watch"
	all := write[:len("create,delete,")] + "deletecollection," + write[len("create,delete,"):]
	want := map[string]struct {
		aggregated []string
		rights     []string
	}{
		"apitoken-viewer":    {[]string{"view"}, []string{read + " apitokens,apitokens/status"}},
		"apitoken-editor":    {[]string{"edit"}, []string{all + " apitokens", "get apitokens/status"}},
		"tokenpolicy-viewer": {nil, []string{read + " tokenpolicies,tokenpolicies/status"}},
		"tokenpolicy-editor": {nil, []string{all + " tokenpolicies", "get tokenpolicies/status"}},
		"approver":           {nil, []string{"create,delete,get,list,watch tokenapprovals", read + " apitokens,tokenpolicies"}},
		"auditor":            {nil, []string{read + " apitokens,tokenapprovals,tokenpolicies"}},
		"gitops":             {nil, []string{write + " apitokens,tokenpolicies"}},
	}
	roles := objects[rbacv1.ClusterRole](t, "ClusterRole", "rbac", "*_role.yaml")
	for name, role := range roles {
		expected, ok := want[name]
		if !ok {
			t.Errorf("nobody has decided what %s may do", name)
			continue
		}
		var aggregated, rights []string
		for label := range role.Labels {
			if to, ok := strings.CutPrefix(label, aggregate); ok {
				aggregated = append(aggregated, to)
			}
		}
		for _, rule := range role.Rules {
			if !slices.Equal(rule.APIGroups, []string{"jiratokens.io"}) || len(rule.NonResourceURLs) > 0 {
				t.Errorf("%s reaches beyond jiratokens.io: %+v", name, rule)
			}
			rights = append(rights, sorted(rule.Verbs)+" "+sorted(rule.Resources))
		}
		slices.Sort(rights)
		if !slices.Equal(aggregated, expected.aggregated) || !slices.Equal(rights, expected.rights) {
			t.Errorf("%s is part of %v and may\n%s\nwant part of %v, and\n%s", name, aggregated,
				strings.Join(rights, "\n"), expected.aggregated, strings.Join(expected.rights, "\n"))
		}
	}
	if len(roles) != len(want) {
		t.Errorf("there are %d roles, not %d", len(roles), len(want))
	}
}

func sorted(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), ",") }

// The manager may change the one webhook configuration that is its own, and no other.
func TestManagerMayChangeItsWebhookConfigurationAlone(t *testing.T) {
	found := false
	for _, rule := range objects[rbacv1.ClusterRole](t, "ClusterRole", "rbac", "role.yaml")["manager-role"].Rules {
		if !slices.Contains(rule.APIGroups, "admissionregistration.k8s.io") {
			continue
		}
		found = true
		if !slices.Equal(rule.ResourceNames, []string{"jira-token-operator"}) || sorted(rule.Verbs) != "get,list,update,watch" {
			t.Errorf("have %+v", rule)
		}
	}
	if !found {
		t.Error("the manager can't keep its webhook configuration")
	}
}

func TestWebhookConfiguration(t *testing.T) {
	configuration := objects[admissionregistrationv1.MutatingWebhookConfiguration](
		t, "MutatingWebhookConfiguration", "webhook", "*.yaml")["jira-token-operator"]
	for _, w := range configuration.Webhooks {
		if w.ClientConfig.CABundle != nil {
			t.Errorf("%s sets the caBundle, which is the manager's", w.Name)
		}
		if *w.FailurePolicy != admissionregistrationv1.Fail || *w.SideEffects != admissionregistrationv1.SideEffectClassNone || *w.TimeoutSeconds > 5 {
			t.Errorf("%s: failurePolicy %s, sideEffects %s, %d s", w.Name, *w.FailurePolicy, *w.SideEffects, *w.TimeoutSeconds)
		}
		if w.NamespaceSelector != nil || w.ObjectSelector != nil {
			t.Errorf("%s leaves something out: whoever can label it could forge stamps", w.Name)
		}
		for _, rule := range w.Rules {
			for _, resource := range rule.Resources {
				if strings.ContainsAny(resource, "/*") || !slices.Equal(rule.APIGroups, []string{"jiratokens.io"}) {
					t.Errorf("%s concerns %s of %v", w.Name, resource, rule.APIGroups)
				}
			}
			if slices.Contains(rule.Operations, admissionregistrationv1.Delete) || slices.Contains(rule.Operations, admissionregistrationv1.OperationAll) {
				t.Errorf("%s concerns deletions", w.Name)
			}
		}
	}
	if len(configuration.Webhooks) != 2 {
		t.Errorf("there are %d webhooks", len(configuration.Webhooks))
	}
}
