// SPDX-License-Identifier: Apache-2.0

// Package impersonate puts a token owner's identity into a request for Jira, in one of four ways. It does no I/O and
// takes nothing off a request: its caller has removed every credential and identity of the client before.
package impersonate

import (
	"fmt"
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// Outgoing is the request for Jira, as far as an identity depends on it.
type Outgoing struct {
	Method string
	// Path is the path as it will be on the wire.
	Path string
	// RawQuery is the query as it will be on the wire. OAuth adds to it.
	RawQuery string
	// Header is changed in place.
	Header http.Header
	// Form is the body of a form (application/x-www-form-urlencoded), whose parameters are part of OAuth's signature.
	Form []byte
}

// Impersonator makes a request act as a Jira user.
type Impersonator interface {
	// Apply puts the identity in. After an error the request must not be sent.
	Apply(out *Outgoing, owner string) error
}

// MissingCredentialError says that the gateway has nothing to be this owner with.
type MissingCredentialError struct {
	Owner string
	// Remedy tells an administrator what would be right.
	Remedy string
}

// Error names the owner and the remedy.
func (e *MissingCredentialError) Error() string {
	return fmt.Sprintf("the gateway has no Jira credential for owner %q: %s", e.Owner, e.Remedy)
}

func check(what, value string) error {
	if err := jirasecret.Check(value); err != nil {
		return fmt.Errorf("%s %w", what, err)
	}
	return nil
}
