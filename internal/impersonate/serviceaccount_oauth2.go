// SPDX-License-Identifier: Apache-2.0

package impersonate

import "github.com/jiratokens/jira-token-operator/internal/grant"

// AccessTokens holds the access token of a service account, which something else fetches and renews.
type AccessTokens interface {
	// AccessToken must not wait for anything. Its error says why there is none just now.
	AccessToken() (string, error)
}

// ServiceAccountOAuth2 sends an access token of one account, for tokens of that very account only.
type ServiceAccountOAuth2 struct {
	username string
	tokens   AccessTokens
}

// NewServiceAccountOAuth2 uses whatever token there is at the time of a request.
func NewServiceAccountOAuth2(username string, tokens AccessTokens) *ServiceAccountOAuth2 {
	return &ServiceAccountOAuth2{username: username, tokens: tokens}
}

// Apply sends the access token, or fails if there is none or the owner is someone else.
func (s *ServiceAccountOAuth2) Apply(out *Outgoing, owner string) error {
	if !grant.SameUser(s.username, owner) {
		return otherAccount(s.username, owner)
	}
	token, err := s.tokens.AccessToken()
	if err != nil {
		return &MissingCredentialError{Owner: owner, Remedy: err.Error()}
	}
	out.Header["Authorization"] = []string{"Bearer " + token}
	return nil
}

func otherAccount(username, owner string) error {
	return &MissingCredentialError{
		Owner:  owner,
		Remedy: "its only account is " + username + "; declare the token for that owner, or use another way of impersonation",
	}
}
