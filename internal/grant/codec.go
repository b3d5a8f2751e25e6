// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jiratokens/jira-token-operator/internal/scope"
)

const (
	// DataKey is the key of a hash Secret's data that holds the encoded credential.
	DataKey = "credential.json"

	// FormatVersion is the version of the encoding. A reader refuses others and fields that it does not know: an
	// unknown field may be a limit.
	FormatVersion = 1

	// MaxEncodedBytes bounds what Decode reads.
	MaxEncodedBytes = 64 << 10
)

// ErrNewer is what Decode says of a credential that a newer version of this program wrote, as after a rollback: it grants
// nothing here, but it is not damaged, and must not be repaired or replaced.
var ErrNewer = errors.New("credential was written by a newer version")

type document struct {
	Version int `json:"version"`
	Credential
}

// Encode writes a credential for a hash Secret.
func Encode(c *Credential) ([]byte, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return json.Marshal(document{Version: FormatVersion, Credential: *c})
}

// Decode reads a credential from a hash Secret. Anything it does not understand entirely is an error; the caller must
// then treat the credential as not granted. The error is ErrNewer if the version, a field, a state or a scope is one
// that this program does not know.
func Decode(data []byte) (*Credential, error) {
	if len(data) > MaxEncodedBytes {
		return nil, fmt.Errorf("credential is larger than %d bytes", MaxEncodedBytes)
	}
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil { // also if something follows
		return nil, fmt.Errorf("credential can't be decoded: %w", err)
	}
	switch {
	case head.Version > FormatVersion:
		return nil, fmt.Errorf("%w: format version %d, known is %d", ErrNewer, head.Version, FormatVersion)
	case head.Version != FormatVersion:
		return nil, fmt.Errorf("credential has format version %d, known is %d", head.Version, FormatVersion)
	}
	var doc document
	if err := decodeStrictly(data, &doc); err != nil {
		return nil, err
	}
	if err := doc.validate(); err != nil {
		return nil, err
	}
	return &doc.Credential, nil
}

// decodeStrictly tells an unknown field from everything else by a second, lenient attempt: encoding/json has no error
// of its own for it.
func decodeStrictly(data []byte, doc *document) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(doc)
	if err == nil {
		return nil
	}
	if json.Unmarshal(data, new(document)) == nil {
		return fmt.Errorf("%w: %w", ErrNewer, err)
	}
	return fmt.Errorf("credential can't be decoded: %w", err)
}

func (c *Credential) validate() error {
	switch {
	case c.ID == "":
		return errors.New("credential has no id")
	case c.Hash == [32]byte{}:
		return errors.New("credential has no hash")
	case c.Token.UID == "" || c.Token.Namespace == "" || c.Token.Name == "":
		return errors.New("credential does not name its ApiToken")
	case c.State == "":
		return errors.New("credential has no state")
	case c.Grant.Owner == "":
		return errors.New("credential has no owner")
	case CheckUserName(c.Grant.Owner) != nil:
		return fmt.Errorf("credential's owner: %w", CheckUserName(c.Grant.Owner))
	case len(c.Grant.Scopes) == 0:
		return errors.New("credential has no scopes")
	}
	for _, r := range c.Grant.SourceRanges {
		if !r.IsValid() {
			return errors.New("credential has an invalid source range")
		}
	}
	if err := CheckHeaderPatterns(c.Grant.Headers); err != nil {
		return fmt.Errorf("credential: %w", err)
	}
	if l := c.Grant.RateLimit; l != nil && (l.Requests < 1 || l.Period <= 0 || l.Burst < 1 || l.Concurrent < 0) {
		return errors.New("credential has a rate limit of nothing: requests, period and burst must be above 0")
	}
	if c.State != Active && c.State != Blocked {
		return fmt.Errorf("%w: unknown state %q", ErrNewer, c.State)
	}
	if _, err := scope.Parse(c.Grant.Scopes); err != nil {
		return fmt.Errorf("%w: %w", ErrNewer, err)
	}
	return nil
}
