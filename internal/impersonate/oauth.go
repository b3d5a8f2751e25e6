// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // RSA-SHA1 is what OAuth 1.0a prescribes and Jira verifies
	_ "crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"

	"k8s.io/utils/clock"
)

// The signature methods. RFC 5849 knows the first; the second is the same with another hash.
const (
	RSASHA1   = "RSA-SHA1"
	RSASHA256 = "RSA-SHA256"
)

// Consumer is who Jira has an incoming application link for.
type Consumer struct {
	Key        string
	PrivateKey *rsa.PrivateKey
	// SignatureMethod is RSASHA1 or RSASHA256; empty: RSASHA1.
	SignatureMethod string
}

// OAuth signs requests by OAuth 1.0a (RFC 5849) with two legs: the consumer vouches for the user, who is named in the
// query parameter xoauth_requestor_id.
type OAuth struct {
	consumerKey string
	key         *rsa.PrivateKey
	method      string
	hash        crypto.Hash
	origin      string // scheme and authority of Jira's base URL: what Jira signs with, wherever its socket is
	clock       clock.PassiveClock
	random      io.Reader
}

// NewOAuth makes one. The base URL is Jira's own.
func NewOAuth(consumer Consumer, baseURL string, now clock.PassiveClock) (*OAuth, error) {
	origin, err := originOf(baseURL)
	if err != nil {
		return nil, err
	}
	o := &OAuth{consumerKey: consumer.Key, origin: origin, clock: now, random: rand.Reader}
	switch consumer.SignatureMethod {
	case RSASHA1, "":
		o.method, o.hash = RSASHA1, crypto.SHA1
	case RSASHA256:
		o.method, o.hash = RSASHA256, crypto.SHA256
	default:
		return nil, fmt.Errorf("%q is no signature method that is known here: use %s or %s",
			consumer.SignatureMethod, RSASHA1, RSASHA256)
	}
	// A copy, made ready: a key without these values has them worked out for each signature, which takes longer than signing.
	key := *consumer.PrivateKey
	key.Precompute()
	o.key = &key
	return o, nil
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
		{"oauth_signature_method", o.method},
		{"oauth_timestamp", strconv.FormatInt(o.clock.Now().Unix(), 10)},
		{"oauth_nonce", hex.EncodeToString(nonce)},
		{"oauth_version", "1.0"},
	}
	signed := append(parseParameters(out.RawQuery), protocol...)
	signed = append(signed, parseParameters(string(out.Form))...)
	digest := o.hash.New()
	_, _ = io.WriteString(digest, baseString(out.Method, o.origin+out.Path, signed)) // never fails
	signature, err := rsa.SignPKCS1v15(nil, o.key, o.hash, digest.Sum(nil))
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
