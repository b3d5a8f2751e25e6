// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"net/netip"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// personal writes down every class, so that the configuration shows what is in force.
func personal(in *v1alpha1.PersonalCredentials) (*gatewayconfig.Personal, error) {
	if in == nil {
		return nil, nil //nolint:nilnil // absent, as in the policy
	}
	actions := map[string]string{
		"basic": string(in.Basic), "jiraToken": string(in.JiraToken), "oauth": string(in.OAuth),
		gatewayconfig.ClassSession: string(in.Session), "login": string(in.Login), "parameters": string(in.Parameters),
		"anonymous": string(in.Anonymous),
	}
	audit := map[string]bool{}
	for _, override := range in.EnforcementOverrides {
		audit[string(override.Class)] = override.Enforcement == v1alpha1.EnforcementAudit
	}
	out := &gatewayconfig.Personal{}
	for _, class := range gatewayconfig.PersonalClasses() {
		compiled := gatewayconfig.PersonalClass{Class: class, Action: actions[class]}
		if compiled.Action == "" {
			compiled.Action = gatewayconfig.ActionDeny
		}
		compiled.Audit = in.Enforcement == v1alpha1.EnforcementAudit
		if override, ok := audit[class]; ok {
			compiled.Audit = override
		}
		out.Classes = append(out.Classes, compiled)
	}
	for i := range in.Exempt {
		exempt, err := exemption(i, &in.Exempt[i])
		if err != nil {
			return nil, err
		}
		out.Exempt = append(out.Exempt, exempt)
	}
	return out, nil
}

func exemption(i int, in *v1alpha1.Exemption) (out gatewayconfig.Exemption, err error) {
	out.Paths, out.Users = texts(in.Paths), texts(in.Users)
	for j, cidr := range in.SourceRanges {
		prefix, err := netip.ParsePrefix(string(cidr))
		if err != nil {
			return out, fmt.Errorf("spec.personalCredentials.exempt[%d].sourceRanges[%d]: %q is no address range", i, j, cidr)
		}
		out.SourceRanges = append(out.SourceRanges, prefix.Masked())
	}
	if in.Until != nil {
		until := in.Until.UTC() // wherever the manager runs, the same bytes
		out.Until = &until
	}
	return out, nil
}
