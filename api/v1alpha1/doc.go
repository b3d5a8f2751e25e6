// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 is the user's manual of the jiratokens.io API: what an ApiToken, a TokenPolicy
// and a TokenApproval declare, and what their status says. `kubectl explain apitoken.spec` prints these comments.
//
// +kubebuilder:object:generate=true
// +groupName=jiratokens.io
package v1alpha1
