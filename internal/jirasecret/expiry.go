// SPDX-License-Identifier: Apache-2.0

package jirasecret

import (
	"errors"
	"strings"
	"time"
)

// KeyExpiresAt is the key of a Secret with an owner's Jira token that says when Jira ends the token. It may be absent.
const KeyExpiresAt = "expiresAt"

// ParseExpiry parses the value of KeyExpiresAt; zero: there is none.
func ParseExpiry(value []byte) (time.Time, error) {
	text := strings.TrimSpace(string(value))
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("is no time such as 2027-01-31T00:00:00Z (RFC 3339)")
	}
	return at.UTC(), nil
}
