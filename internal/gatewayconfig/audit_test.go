// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import "testing"

func TestAuditIsValidated(t *testing.T) {
	for _, tc := range []struct {
		audit *Audit
		fine  bool
	}{
		{nil, true},
		{&Audit{}, true},
		{&Audit{DropOnOverflow: true, Addresses: PrecisionNone, UserAgents: PrecisionPrefix}, true},
		{&Audit{Addresses: "full"}, false},
		{&Audit{UserAgents: "All"}, false},
	} {
		if err := tc.audit.validate(); (err == nil) != tc.fine {
			t.Errorf("%+v: %v", tc.audit, err)
		}
	}
}
