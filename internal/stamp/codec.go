// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// The annotation is v1.<key id>.<statement>.<MAC>. The statement is JSON as it is: the admission policy
// jira-token-operator-stamps reads it, and CEL decodes nothing. The MAC is in base64url, and made over all before it.
const (
	version = "v1"

	maxStatement = 8 << 10 // bytes
	maxEncoded   = 9 << 10
)

var encoding = base64.RawURLEncoding.Strict()

// statement is a stamp as JSON. That policy (config/admission/stamps.yaml) knows that it begins with the requester's user, uid
// and groups, then at, and how encoding/json escapes names.
type statement struct {
	grant.Requester

	At        int64     `json:"at"` // Unix seconds
	Kind      string    `json:"kind"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	Object    types.UID `json:"object,omitempty"` // its UID
	Digest    string    `json:"digest"`
}

// encode writes all but the MAC.
func encode(s *Stamp, keyID string) (string, error) {
	content, err := json.Marshal(statement{
		Requester: s.Requester, At: s.At.Unix(), Digest: s.Object.Digest,
		Kind: s.Object.Kind, Namespace: s.Object.Namespace, Name: s.Object.Name, Object: s.Object.UID,
	})
	if err != nil {
		return "", fmt.Errorf("encode stamp: %w", err)
	}
	if len(content) > maxStatement {
		return "", fmt.Errorf("the user's name or UID is too long for a stamp: it would have %d bytes, at most %d are allowed",
			len(content), maxStatement)
	}
	return version + "." + keyID + "." + string(content), nil
}

// parts are an annotation, taken apart and believed in nothing.
type parts struct {
	signed, keyID, content string
	mac                    []byte
}

func split(annotation string) (parts, bool) {
	if len(annotation) > maxEncoded {
		return parts{}, false
	}
	end := max(strings.LastIndexByte(annotation, '.'), 0)
	fields := strings.SplitN(annotation[:end], ".", 3) // a statement may have points, too
	if len(fields) != 3 || fields[0] != version {
		return parts{}, false
	}
	mac, err := encoding.DecodeString(annotation[end+1:])
	return parts{signed: annotation[:end], keyID: fields[1], content: fields[2], mac: mac}, err == nil
}

// decode reads a statement whose MAC was right. A field that is not known may be a limit: then nothing is believed.
func decode(content string) (*Stamp, bool) {
	decoder := json.NewDecoder(strings.NewReader(content))
	decoder.DisallowUnknownFields()
	var s statement
	if decoder.Decode(&s) != nil || !errors.Is(decoder.Decode(&struct{}{}), io.EOF) || s.User == "" {
		return nil, false
	}
	return &Stamp{Requester: s.Requester, At: time.Unix(s.At, 0).UTC(), Object: Object{
		Kind: s.Kind, Namespace: s.Namespace, Name: s.Name, UID: s.Object, Digest: s.Digest,
	}}, true
}
