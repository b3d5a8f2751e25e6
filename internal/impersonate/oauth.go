// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // RSA-SHA1 is what OAuth 1.0a prescribes and Jira verifies
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"k8s.io/utils/clock"
)

// OAuth signs requests by OAuth 1.0a (RFC 5849, RSA-SHA1) with two legs: the consumer vouches for the user, who is named
// in the query parameter xoauth_requestor_id.
type OAuth struct {
	consumerKey string
	key         *rsa.PrivateKey
	origin      string // scheme and authority of Jira's base URL: what Jira signs with, wherever its socket is
	clock       clock.PassiveClock
	random      io.Reader
}

// NewOAuth makes one. The base URL is Jira's own.
func NewOAuth(consumerKey string, key *rsa.PrivateKey, baseURL string, now clock.PassiveClock) (*OAuth, error) {
	origin, err := originOf(baseURL)
	if err != nil {
		return nil, err
	}
	return &OAuth{consumerKey: consumerKey, key: key, origin: origin, clock: now, random: rand.Reader}, nil
}

// Apply names the owner in the query and signs all of it.
func (o *OAuth) Apply(out *Outgoing, owner string) error {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(o.random, nonce); err != nil {
		return fmt.Errorf("make a nonce: %w", err)
	}
	if out.RawQuery != "" {
		out.RawQuery += "&"
	}
	out.RawQuery += "xoauth_requestor_id=" + percentEncode(owner)

	protocol := []parameter{ //nolint:prealloc // one more comes once it is known
		{"oauth_consumer_key", o.consumerKey},
		{"oauth_token", ""}, // two legs: there, and empty
		{"oauth_signature_method", "RSA-SHA1"},
		{"oauth_timestamp", strconv.FormatInt(o.clock.Now().Unix(), 10)},
		{"oauth_nonce", hex.EncodeToString(nonce)},
		{"oauth_version", "1.0"},
	}
	signed := append(parseParameters(out.RawQuery), protocol...)
	signed = append(signed, parseParameters(string(out.Form))...)
	digest := sha1.Sum([]byte(baseString(out.Method, o.origin+out.Path, signed))) //nolint:gosec // see the import
	signature, err := rsa.SignPKCS1v15(nil, o.key, crypto.SHA1, digest[:])
	if err != nil {
		return fmt.Errorf("sign for OAuth: %w", err)
	}
	protocol = append(protocol, parameter{"oauth_signature", base64.StdEncoding.EncodeToString(signature)})
	out.Header["Authorization"] = []string{authorizationOf(protocol)}
	return nil
}

func authorizationOf(protocol []parameter) string {
	var b strings.Builder
	b.WriteString("OAuth ")
	for i, p := range protocol {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.name + `="` + percentEncode(p.value) + `"`)
	}
	return b.String()
}
