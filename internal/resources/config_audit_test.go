// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"reflect"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// TestAuditOfConfig: the API's defaults are those of the gateway, and are left out.
func TestAuditOfConfig(t *testing.T) {
	for name, tc := range map[string]struct {
		in   *v1alpha1.GatewayAudit
		want *gatewayconfig.Audit
	}{
		"absent": {nil, nil},
		"empty":  {&v1alpha1.GatewayAudit{}, nil},
		"defaults": {&v1alpha1.GatewayAudit{
			OnOverflow: v1alpha1.AuditRefuse, Addresses: v1alpha1.PrecisionFull, UserAgents: v1alpha1.PrecisionFull,
		}, nil},
		"drop": {&v1alpha1.GatewayAudit{OnOverflow: v1alpha1.AuditDrop}, &gatewayconfig.Audit{DropOnOverflow: true}},
		"precision": {
			&v1alpha1.GatewayAudit{Addresses: v1alpha1.PrecisionNone, UserAgents: v1alpha1.PrecisionPrefix},
			&gatewayconfig.Audit{Addresses: precision.None, UserAgents: precision.Prefix},
		},
	} {
		p := minimal()
		p.Spec.Gateway = &v1alpha1.Gateway{Audit: tc.in, ClientAddressHeader: "X-Real-IP"}
		config, err := compileConfig(p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(config.Audit, tc.want) || config.ClientAddressHeader != "X-Real-IP" {
			t.Errorf("%s: %+v, want %+v", name, config.Audit, tc.want)
		}
		encoded, err := gatewayconfig.Encode(config)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := gatewayconfig.Decode(encoded); err != nil || !reflect.DeepEqual(back.Audit, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
