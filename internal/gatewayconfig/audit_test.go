// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

func TestAuditIsValidated(t *testing.T) {
	for _, tc := range []struct {
		audit *Audit
		fine  bool
	}{
		{nil, true},
		{&Audit{}, true},
		{&Audit{DropOnOverflow: true, Addresses: precision.None, UserAgents: precision.Prefix}, true},
		{&Audit{Addresses: "full"}, false},
		{&Audit{UserAgents: "All"}, false},
	} {
		if err := tc.audit.validate(); (err == nil) != tc.fine {
			t.Errorf("%+v: %v", tc.audit, err)
		}
	}
}
