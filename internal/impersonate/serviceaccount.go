// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"encoding/base64"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// ServiceAccount sends the credential of one account, for tokens of that very account only.
type ServiceAccount struct{ username, authorization string }

// NewServiceAccountToken uses a Jira personal access token.
func NewServiceAccountToken(username, token string) (*ServiceAccount, error) {
	if err := check("the service account's token", token); err != nil {
		return nil, err
	}
	return &ServiceAccount{username: username, authorization: "Bearer " + token}, nil
}

// NewServiceAccountPassword uses a password, for a Jira without personal access tokens.
func NewServiceAccountPassword(username, password string) (*ServiceAccount, error) {
	if err := check("the service account's password", password); err != nil {
		return nil, err
	}
	basic := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	return &ServiceAccount{username: username, authorization: "Basic " + basic}, nil
}

// Apply sends the account's credential, or fails if the owner is someone else.
func (s *ServiceAccount) Apply(out *Outgoing, owner string) error {
	if !grant.SameUser(s.username, owner) {
		return otherAccount(s.username, owner)
	}
	out.Header["Authorization"] = []string{s.authorization}
	return nil
}
