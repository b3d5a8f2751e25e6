// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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
// then treat the credential as not granted.
func Decode(data []byte) (*Credential, error) {
	if len(data) > MaxEncodedBytes {
		return nil, fmt.Errorf("credential is larger than %d bytes", MaxEncodedBytes)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var doc document
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("credential can't be decoded: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("credential is followed by something else")
	}
	if doc.Version != FormatVersion {
		return nil, fmt.Errorf("credential has format version %d, known is %d", doc.Version, FormatVersion)
	}
	if err := doc.validate(); err != nil {
		return nil, err
	}
	return &doc.Credential, nil
}

func (c *Credential) validate() error {
	switch {
	case c.ID == "":
		return errors.New("credential has no id")
	case c.Hash == [32]byte{}:
		return errors.New("credential has no hash")
	case c.Token.UID == "" || c.Token.Namespace == "" || c.Token.Name == "":
		return errors.New("credential does not name its ApiToken")
	case c.State != Active && c.State != Blocked:
		return fmt.Errorf("credential has the unknown state %q", c.State)
	case c.Grant.Owner == "":
		return errors.New("credential has no owner")
	case len(c.Grant.Scopes) == 0:
		return errors.New("credential has no scopes")
	}
	for _, r := range c.Grant.SourceRanges {
		if !r.IsValid() {
			return errors.New("credential has an invalid source range")
		}
	}
	_, err := scope.Parse(c.Grant.Scopes)
	return err
}
