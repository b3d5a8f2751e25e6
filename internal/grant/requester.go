// SPDX-License-Identifier: Apache-2.0

package grant

// Requester is who declared what a token may do, as the API server authenticated them.
type Requester struct {
	// User is the Kubernetes user name.
	User string `json:"user"`
	// UID is the user's UID, where the authenticator gives one.
	UID string `json:"uid,omitempty"`
	// Groups are the user's groups, those first that the policy names if there are very many.
	Groups []string `json:"groups,omitempty"`
}
