// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestPersonalCredentials(t *testing.T) {
	p := minimal()
	if config, err := compileConfig(p, Options{}); err != nil || config.Personal != nil || config.FrontDoor {
		t.Errorf("without: %+v %v", config, err)
	}
	until := metav1.NewTime(time.Unix(1800000000, 0))
	p.Spec.Gateway = &v1alpha1.Gateway{Placement: v1alpha1.PlacementFrontDoor}
	p.Spec.PersonalCredentials = &v1alpha1.PersonalCredentials{
		Enforcement: v1alpha1.EnforcementAudit, Basic: "Allow", Session: "BrowserOnly",
		EnforcementOverrides: []v1alpha1.EnforcementOverride{
			{Class: "login", Enforcement: v1alpha1.EnforcementEnforce}, {Class: "oauth", Enforcement: v1alpha1.EnforcementAudit},
		},
		Exempt: []v1alpha1.Exemption{{
			Paths: []v1alpha1.PathPattern{"/x/*"}, SourceRanges: []v1alpha1.CIDR{"10.0.0.0/8"}, Users: []v1alpha1.JiraUserName{"a"}, Until: &until,
		}},
	}
	config, err := compileConfig(p, Options{})
	if err != nil || !config.FrontDoor {
		t.Fatalf("%+v %v", config, err)
	}
	want := "[{basic Allow true} {jiraToken Deny true} {oauth Deny true} {session BrowserOnly true} {login Deny false} " +
		"{parameters Deny true} {anonymous Deny true}]"
	if got := fmt.Sprint(config.Personal.Classes); got != want {
		t.Errorf("%s", got)
	}
	exempt := config.Personal.Exempt[0]
	if fmt.Sprint(exempt.Paths, exempt.SourceRanges, exempt.Users) != "[/x/*] [10.0.0.0/8] [a]" || !exempt.Until.Equal(until.Time) {
		t.Errorf("%+v", exempt)
	}
	p.Spec.PersonalCredentials = &v1alpha1.PersonalCredentials{} // an API server fills in what is left out; without, it is denied
	if config, err = compileConfig(p, Options{}); err != nil || strings.Contains(fmt.Sprint(config.Personal.Classes), "Allow") ||
		strings.Contains(fmt.Sprint(config.Personal.Classes), "true") || len(config.Personal.Classes) != 7 {
		t.Errorf("%+v %v", config, err)
	}
	p.Spec.PersonalCredentials.Exempt = []v1alpha1.Exemption{{SourceRanges: []v1alpha1.CIDR{"10.0.0.0/8", "x"}}}
	if _, err = compileConfig(p, Options{}); err == nil || !strings.Contains(err.Error(), `spec.personalCredentials.exempt[0].sourceRanges[1]: "x"`) {
		t.Error(err)
	}
}

// TestRewriteLinks: the switch travels.
func TestRewriteLinks(t *testing.T) {
	for _, on := range []bool{false, true} {
		p := minimal()
		p.Spec.Gateway = &v1alpha1.Gateway{RewriteLinks: on}
		if config, err := compileConfig(p, Options{}); err != nil || config.RewriteLinks != on {
			t.Errorf("%t: %+v %v", on, config, err)
		}
	}
}
