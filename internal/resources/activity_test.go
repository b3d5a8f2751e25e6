// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// TestActivityConfig: what a gateway is told of the manager, and how exactly it may tell of clients.
func TestActivityConfig(t *testing.T) {
	manager := &Activity{URL: "https://manager.system.svc/activity", CA: "certificates"}
	defaults := &gatewayconfig.Activity{
		URL: manager.URL, CA: manager.CA, Times: "Minute", Addresses: "Prefix", UserAgents: "Prefix",
	}
	for name, c := range map[string]struct {
		monitoring *v1alpha1.Monitoring
		manager    *Activity
		want       *gatewayconfig.Activity
	}{
		"by default":            {nil, manager, defaults},
		"without settings":      {&v1alpha1.Monitoring{}, manager, defaults},
		"nobody takes reports":  {nil, nil, nil},
		"not certified yet":     {nil, &Activity{URL: manager.URL}, nil},
		"the policy wants none": {&v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Disabled: true}}, manager, nil},
		"the policy's precisions": {
			&v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Times: "Day", Addresses: "None", UserAgents: "Full"}}, manager,
			&gatewayconfig.Activity{URL: manager.URL, CA: manager.CA, Times: "Day", Addresses: "None", UserAgents: "Full"},
		},
	} {
		policy := minimal()
		policy.Spec.Monitoring = c.monitoring
		config, err := compileConfig(policy, Options{Activity: c.manager})
		if err != nil || !reflect.DeepEqual(config.Activity, c.want) {
			t.Errorf("%s: %+v %v", name, config.Activity, err)
		}
	}
}

// TestActivityTurnedOffStartsNoPodAnew: neither do other precisions or other certificates.
func TestActivityTurnedOffStartsNoPodAnew(t *testing.T) {
	pod := func(m *v1alpha1.Monitoring, ca string) string {
		t.Helper()
		policy := minimal()
		policy.Spec.Monitoring = m
		encoded, err := json.Marshal(podTemplate(policy, Options{Activity: &Activity{URL: "https://m/activity", CA: ca}}))
		if err != nil {
			t.Fatal(err)
		}
		return string(encoded)
	}
	on := pod(nil, "certificates")
	if !strings.Contains(on, `"audience":"jira-token-operator/activity"`) || !strings.Contains(on, "--activity-token-file=") {
		t.Error(on)
	}
	off := pod(&v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Disabled: true}}, "")
	if off != on {
		t.Errorf("%s\n%s", on, off)
	}
}
