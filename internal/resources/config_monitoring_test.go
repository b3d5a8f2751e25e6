// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

func TestPerTokenMetricsOfConfig(t *testing.T) {
	for name, tc := range map[string]struct {
		in   *v1alpha1.Monitoring
		want bool
	}{
		"absent": {nil, false}, "empty": {&v1alpha1.Monitoring{}, false}, "wanted": {&v1alpha1.Monitoring{PerTokenMetrics: true}, true},
	} {
		p := minimal()
		p.Spec.Monitoring = tc.in
		config, err := compileConfig(p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := gatewayconfig.Encode(config)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := gatewayconfig.Decode(encoded); err != nil || back.PerTokenMetrics != tc.want {
			t.Errorf("%s: %s: %v", name, encoded, err)
		}
	}
}
