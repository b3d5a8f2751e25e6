// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"cmp"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Settings are what a policy says of the use of its tokens.
type Settings struct {
	Precision

	// Disabled: nothing is reported or kept.
	Disabled bool
	// UnusedAfter is how long a token goes without a use until it is unused; 0: it never is.
	UnusedAfter time.Duration
}

// SettingsOf fills in and repeats the schema's defaults: a policy without monitoring never gets them. A length of time that the
// schema should have refused counts as none.
func SettingsOf(p *v1alpha1.TokenPolicy) Settings {
	var out Settings
	var report v1alpha1.ActivityReport
	if m := p.Spec.Monitoring; m != nil {
		if m.Activity != nil {
			report = *m.Activity
		}
		out.UnusedAfter, _ = m.UnusedAfter.Duration()
	}
	out.Disabled = report.Disabled
	out.Precision = Precision{
		Times:      string(cmp.Or(report.Times, v1alpha1.TimesToTheMinute)),
		Addresses:  string(cmp.Or(report.Addresses, v1alpha1.PrecisionPrefix)),
		UserAgents: string(cmp.Or(report.UserAgents, v1alpha1.PrecisionPrefix)),
	}
	return out
}
