// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
)

// tokenRequest is what access tokens are asked for with. It can be compared.
type tokenRequest struct {
	username      string // whose they are
	address, host string
	credentials   jira.ClientCredentials
}

// heldToken is what a source has to give.
type heldToken struct {
	value   string // empty: none
	expires time.Time
	problem string // why the last attempt came to nothing; empty: it did not
}

// accessTokenSource fetches the access tokens of a service account and renews them, beside the requests: those take what
// is there. One goroutine does all of that, so there are never two attempts at once.
type accessTokenSource struct {
	request   *tokenRequest
	transport *http.Transport // the gateway's to Jira
	clock     clock.PassiveClock
	held      atomic.Pointer[heldToken] // nil: no attempt is over
	first     bool                      // the handler had no settings before
	hurry     chan struct{}             // Jira refused the token
	end       func()                    // ends the goroutine and waits for it; nil: it does not run
}

func newAccessTokenSource(request *tokenRequest) *accessTokenSource {
	return &accessTokenSource{request: request, hurry: make(chan struct{}, 1)}
}

// AccessToken implements impersonate.AccessTokens. An expired token is none: Jira could take it for nobody's.
func (s *accessTokenSource) AccessToken() (string, error) {
	held := s.held.Load()
	switch {
	case held == nil:
		return "", errors.New("its access token is just being fetched; try again in a moment")
	case held.value != "" && s.clock.Now().Before(held.expires):
		return held.value, nil
	case held.problem == "":
		return "", errors.New("its access token has expired and is just being renewed; try again in a moment")
	}
	return "", errors.New("no access token can be fetched for it: " + held.problem + "; it is tried again by itself, and an " +
		"administrator must look at the service account in Jira and its Secret if this stays")
}

// awaited is true in a gateway that has just started, until the first attempt is over, however it ended: before, requests
// could only fail, and other replicas are better off with them. It is never true later, when it would be so in all of them.
func (s *accessTokenSource) awaited() bool { return s != nil && s.first && s.held.Load() == nil }

// refused is told of Jira's 401 to a request with these headers. A token that was renewed meanwhile is another matter.
func (s *accessTokenSource) refused(sent http.Header) {
	if s == nil {
		return
	}
	held := s.held.Load()
	if authorization := sent["Authorization"]; held == nil || len(authorization) != 1 || authorization[0] != "Bearer "+held.value {
		return
	}
	select {
	case s.hurry <- struct{}{}:
	default: // it is known already
	}
}

// adoptAccessTokens keeps the source of the settings before, if it asks the same over the same connections. Another one
// goes on with the token that is held, if it is meant for the same account of the same Jira: a new client_secret takes Jira
// from nobody. It returns the source that is no longer needed.
func (s *Settings) adoptAccessTokens(before *Settings) (unused *accessTokenSource) {
	var old *accessTokenSource
	if before != nil {
		old = before.accessTokens
	}
	if before == s {
		return nil
	}
	if s.accessTokens == nil {
		return old
	}
	if old != nil && *old.request == *s.accessTokens.request && before.transport == s.transport {
		s.accessTokens, unused = old, nil
	} else {
		made := newAccessTokenSource(s.accessTokens.request)
		if old != nil && before.policyUID == s.policyUID && old.request.follows(made.request) {
			made.held.Store(old.held.Load())
		}
		made.first = before == nil
		s.accessTokens, unused = made, old
	}
	s.impersonator = impersonate.NewServiceAccountOAuth2(s.accessTokens.request.username, s.accessTokens)
	return unused
}

// follows is true for requests that differ in nothing but who vouches for the account: its client_id and client_secret.
func (r *tokenRequest) follows(other *tokenRequest) bool {
	same := *other
	same.credentials.ID, same.credentials.Secret = r.credentials.ID, r.credentials.Secret
	return *r == same
}
