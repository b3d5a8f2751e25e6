// SPDX-License-Identifier: Apache-2.0

package jirasecret

import (
	"bytes"
	"errors"
	"fmt"
)

// The keys of a Secret with the client credentials of a service account.
const (
	KeyClientID     = "client_id"
	KeyClientSecret = "client_secret"
)

// ParseClientCredentials reads both keys, without the space around them.
func ParseClientCredentials(data map[string][]byte) (id, secret string, err error) {
	id, err = clientCredential(data, KeyClientID)
	if err != nil {
		return "", "", err
	}
	secret, err = clientCredential(data, KeyClientSecret)
	return id, secret, err
}

func clientCredential(data map[string][]byte, key string) (string, error) {
	value := string(bytes.TrimSpace(data[key]))
	if value == "" {
		return "", errors.New("the key " + key + " is missing or empty")
	}
	if err := Check(value); err != nil {
		return "", fmt.Errorf("the key %s %w", key, err)
	}
	return value, nil
}
