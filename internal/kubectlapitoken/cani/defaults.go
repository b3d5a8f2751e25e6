// SPDX-License-Identifier: Apache-2.0

package cani

import "github.com/jiratokens/jira-token-operator/api/v1alpha1"

// setDefaults fills in what the API server would fill into a policy. A test compares it
// with what the API server does.
func setDefaults(spec *v1alpha1.TokenPolicySpec) {
	if spec.Admission == "" {
		spec.Admission = v1alpha1.AdmissionWarn
	}
	if spec.PrivilegedGroups == nil {
		spec.PrivilegedGroups = v1alpha1.DefaultPrivilegedGroups()
	}
	if spec.Scopes != nil && spec.Scopes.Unlisted == "" {
		spec.Scopes.Unlisted = v1alpha1.UnlistedPlain
	}
	d := spec.Directory
	if d == nil {
		return
	}
	if d.RefreshInterval == "" {
		d.RefreshInterval = "5m"
	}
	if d.MaxStaleness == "" {
		d.MaxStaleness = "24h"
	}
	if d.HoldLoss == "" {
		d.HoldLoss = "1h"
	}
}
