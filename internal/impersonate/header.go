// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Header names the owner in a header that an authenticator in Jira believes, if wanted with a secret beside it.
type Header struct{ name, secretName, secret string }

// NewHeader makes one; secretName is empty if there is no shared secret.
func NewHeader(name, secretName, secret string) (*Header, error) {
	if !httpguts.ValidHeaderFieldName(name) {
		return nil, fmt.Errorf("%q is no name of an HTTP header", name)
	}
	if secretName == "" {
		if secret != "" {
			return nil, errors.New("there is a shared secret, but no name of the header that carries it")
		}
		return &Header{name: http.CanonicalHeaderKey(name)}, nil
	}
	if !httpguts.ValidHeaderFieldName(secretName) || strings.EqualFold(name, secretName) {
		return nil, fmt.Errorf("%q can't be the name of the shared secret's header", secretName)
	}
	if err := check("the shared secret", secret); err != nil {
		return nil, err
	}
	return &Header{
		name: http.CanonicalHeaderKey(name), secretName: http.CanonicalHeaderKey(secretName), secret: secret,
	}, nil
}

// Apply sets the headers. Only names that arrive as they were sent are sent: white space at the ends is taken off on the
// way, and what a servlet makes of bytes beyond ASCII depends on the server; either could be another user's name.
func (h *Header) Apply(out *Outgoing, owner string) error {
	if owner == "" || strings.HasPrefix(owner, " ") || strings.HasSuffix(owner, " ") || strings.ContainsFunc(owner, notPrintable) {
		return &MissingCredentialError{
			Owner: owner,
			Remedy: "a header can carry names of printable ASCII characters only, without a space at either end; use another " +
				"way of impersonation",
		}
	}
	out.Header[h.name] = []string{owner}
	if h.secretName != "" {
		out.Header[h.secretName] = []string{h.secret}
	}
	return nil
}

func notPrintable(r rune) bool { return r < ' ' || r > '~' }
