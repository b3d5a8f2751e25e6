// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // RSA-SHA1 is what OAuth 1.0a prescribes and Jira speaks
	_ "crypto/sha256"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"
)

const oauthWindow = 300 * time.Second // net.oauth's DEFAULT_MAX_TIMESTAMP_AGE

// signatureMethods are those that are verified. Of Jira's, RSA-SHA1 is certain.
var signatureMethods = map[string]crypto.Hash{"RSA-SHA1": crypto.SHA1, "RSA-SHA256": crypto.SHA256}

// verifyOAuth returns an oauth_problem, or nothing. The order of its checks is that of net.oauth's
// SimpleOAuthValidator; a nonce is used up even if the signature turns out to be wrong.
func (s *Server) verifyOAuth(method, rawPath string, all []pair, oauth url.Values) (problem string) {
	key := s.consumers[oauth.Get("oauth_consumer_key")]
	if key == nil {
		return "consumer_key_unknown"
	}
	if repeated(all) {
		return "parameter_rejected"
	}
	if oauth.Has("oauth_version") && oauth.Get("oauth_version") != "1.0" {
		return "version_rejected"
	}
	stamp, err := strconv.ParseInt(oauth.Get("oauth_timestamp"), 10, 64)
	if err != nil {
		return "parameter_rejected"
	}
	at := time.Unix(stamp, 0)
	if s.now().Sub(at).Abs() > oauthWindow {
		return "timestamp_refused"
	}
	if !s.nonces.use(nonce{stamp, oauth.Get("oauth_nonce"), oauth.Get("oauth_consumer_key")}, s.now()) {
		return "nonce_used"
	}
	hash := signatureMethods[oauth.Get("oauth_signature_method")]
	if hash == 0 {
		return "signature_method_rejected"
	}
	signature, err := base64.StdEncoding.DecodeString(oauth.Get("oauth_signature"))
	if err != nil {
		return "signature_invalid"
	}
	digest := hash.New()
	_, _ = io.WriteString(digest, baseString(method, s.base, rawPath, all)) // never fails
	if rsa.VerifyPKCS1v15(key, hash, digest.Sum(nil), signature) != nil {
		return "signature_invalid"
	}
	return ""
}

// repeated reports whether one of OAuth's own parameters is there twice.
func repeated(all []pair) bool {
	seen := map[string]bool{}
	for _, p := range all {
		if !isOAuthName(p.name) {
			continue
		}
		if seen[p.name] {
			return true
		}
		seen[p.name] = true
	}
	return false
}

func isOAuthName(name string) bool {
	return name == "oauth_version" || slices.Contains(oauthNames, name)
}

type nonce struct {
	stamp       int64
	value, from string
}

// nonceStore holds the nonces of the window.
type nonceStore map[nonce]struct{}

const sweepNonces = 1 << 14

// use reports whether the nonce is new, and takes it.
func (n nonceStore) use(v nonce, now time.Time) bool {
	if _, used := n[v]; used {
		return false
	}
	if len(n) > 0 && len(n)%sweepNonces == 0 {
		for old := range n {
			if now.Sub(time.Unix(old.stamp, 0)) > oauthWindow {
				delete(n, old)
			}
		}
	}
	n[v] = struct{}{}
	return true
}
