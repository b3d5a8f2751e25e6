// SPDX-License-Identifier: Apache-2.0

package impersonate

import (
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	testclock "k8s.io/utils/clock/testing"
)

// TestBaseStringOfTheRFC is the example of RFC 5849, section 3.4.1.1.
func TestBaseStringOfTheRFC(t *testing.T) {
	all := parseParameters("b5=%3D%253D&a3=a&c%40=&a2=r%20b")
	all = append(all, parseParameters("c2&a3=2+q")...)
	for _, p := range [][2]string{
		{"oauth_consumer_key", "9djdj82h48djs9d2"},
		{"oauth_token", "kkk9d7dh3k39sjv7"},
		{"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", "137131201"},
		{"oauth_nonce", "7d8f3e4a"},
	} {
		all = append(all, parameter{p[0], p[1]})
	}
	const want = "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26" +
		"c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26" +
		"oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
	if got := baseString("post", "http://example.com/request", all); got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
}

func TestOrigin(t *testing.T) {
	for base, want := range map[string]string{
		"https://Jira.Example:443/jira": "https://jira.example", "HTTP://jira.example:80": "http://jira.example",
		"https://jira.example:8443/jira": "https://jira.example:8443", "http://jira.example:443": "http://jira.example:443",
		"/jira": "", "http://%zz": "",
	} {
		got, err := originOf(base)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %s %v", base, got, err)
		}
	}
	if _, err := NewOAuth(Consumer{Key: "k"}, "no URL", nil); err == nil {
		t.Error("no error")
	}
}

func TestParametersAreReadLikeTomcat(t *testing.T) {
	got := parseParameters("a=1&=x&b&c=%zz&%zz=1&d=1;e=2&+f+=+&g=%C3%BC&&")
	want := []parameter{{"a", "1"}, {"b", ""}, {"d", "1;e=2"}, {" f ", " "}, {"g", "ü"}}
	if len(got) != len(want) {
		t.Fatalf("%q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q, want %q", got[i], want[i])
		}
	}
}

const unreservedCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

func TestPercentEncodeLeavesOnlyUnreservedAlone(t *testing.T) {
	for c := range 256 {
		text := string([]byte{byte(c)})
		got := percentEncode(text)
		unreserved := strings.Contains(unreservedCharacters, text)
		if unreserved != (got == text) {
			t.Errorf("%q: %s", text, got)
		}
		if back, err := url.PathUnescape(got); back != text || err != nil {
			t.Errorf("%q: %q %v", text, back, err)
		}
	}
}

func TestOAuthSignsWhatIsSent(t *testing.T) {
	for method, hash := range map[string]crypto.Hash{"": crypto.SHA1, RSASHA1: crypto.SHA1, RSASHA256: crypto.SHA256} {
		t.Run(method, func(t *testing.T) { signsWhatIsSent(t, method, hash) })
	}
}

func signsWhatIsSent(t *testing.T, method string, hash crypto.Hash) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	clock := testclock.NewFakePassiveClock(time.Unix(1234567890, 0))
	o, err := NewOAuth(Consumer{Key: "consumer &=", PrivateKey: key, SignatureMethod: method}, "https://jira.example/jira", clock)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 3 {
		out := &Outgoing{
			Method: "POST", Path: "/jira/rest/api/2/%25", RawQuery: "a=b", Header: http.Header{}, Form: []byte("f=1+2"),
		}
		if err := o.Apply(out, "carol+x@corp.example"); err != nil {
			t.Fatal(err)
		}
		if out.RawQuery != "a=b&xoauth_requestor_id=carol%2Bx%40corp.example" {
			t.Errorf("%s", out.RawQuery)
		}
		sent := map[string]string{}
		list, _ := strings.CutPrefix(out.Header.Get("Authorization"), "OAuth ")
		for item := range strings.SplitSeq(list, ", ") {
			name, value, _ := strings.Cut(item, "=")
			sent[name], _ = url.PathUnescape(strings.Trim(value, `"`))
		}
		if token, ok := sent["oauth_token"]; !ok || token != "" || sent["oauth_timestamp"] != "1234567890" ||
			sent["oauth_consumer_key"] != "consumer &=" || sent["oauth_signature_method"] != cmp.Or(method, RSASHA1) {
			t.Errorf("%v", sent)
		}
		if nonce := sent["oauth_nonce"]; len(nonce) != 32 || seen[nonce] {
			t.Errorf("nonce %q", nonce)
		}
		seen[sent["oauth_nonce"]] = true
		all := append(parseParameters(out.RawQuery), parseParameters("f=1+2")...)
		for name, value := range sent {
			if name != "oauth_signature" {
				all = append(all, parameter{name, value})
			}
		}
		digest := hash.New()
		_, _ = io.WriteString(digest, baseString("POST", "https://jira.example/jira/rest/api/2/%25", all))
		signature, _ := base64.StdEncoding.DecodeString(sent["oauth_signature"])
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, hash, digest.Sum(nil), signature); err != nil {
			t.Error(err)
		}
	}
	o.random = iotest.ErrReader(io.ErrUnexpectedEOF)
	if err := o.Apply(&Outgoing{Header: http.Header{}}, "alice"); err == nil {
		t.Error("a nonce that is not random")
	}
}

func TestAnotherSignatureMethodIsAnError(t *testing.T) {
	_, err := NewOAuth(Consumer{SignatureMethod: "HMAC-SHA1"}, "https://jira.example", nil)
	if err == nil || !strings.Contains(err.Error(), "use RSA-SHA1 or RSA-SHA256") {
		t.Error(err)
	}
}

// TestAKeyIsMadeReadyOnce, and not for each signature, which would take several times as long; its owner's is left alone.
func TestAKeyIsMadeReadyOnce(t *testing.T) {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	bare := &rsa.PrivateKey{PublicKey: made.PublicKey, D: made.D, Primes: made.Primes}
	o, err := NewOAuth(Consumer{PrivateKey: bare}, "https://jira.example", nil)
	if err != nil {
		t.Fatal(err)
	}
	if o.key.Precomputed.Qinv == nil || bare.Precomputed.Qinv != nil {
		t.Errorf("ready: %t, the owner's: %t", o.key.Precomputed.Qinv != nil, bare.Precomputed.Qinv != nil)
	}
}

func TestTheOtherWays(t *testing.T) {
	owners, err := NewOwnerTokens(map[string]string{"Alice": "pat"}, "gw", "jira")
	if err != nil {
		t.Fatal(err)
	}
	header, err := NewHeader("x-forwarded-user", "x-secret", "s")
	if err != nil {
		t.Fatal(err)
	}
	bare, err := NewHeader("X-User", "", "")
	if err != nil {
		t.Fatal(err)
	}
	token, _ := NewServiceAccountToken("svc", "pat")
	password, _ := NewServiceAccountPassword("svc", "pw")
	for name, tc := range map[string]struct {
		by    Impersonator
		owner string
		want  http.Header // nil: an error
	}{
		"owner's token":       {owners, "ALICE", http.Header{"Authorization": {"Bearer pat"}}},
		"no token":            {owners, "bob", nil},
		"header":              {header, "alice", http.Header{"X-Forwarded-User": {"alice"}, "X-Secret": {"s"}}},
		"header alone":        {bare, "alice b", http.Header{"X-User": {"alice b"}}},
		"header, no ASCII":    {bare, "älice", nil},
		"header, no UTF-8":    {bare, "\xe4lice", nil},
		"header, DEL":         {bare, "alice\x7f", nil},
		"header, space first": {bare, " alice", nil},
		"header, space last":  {bare, "alice ", nil},
		"header, tab last":    {bare, "alice\t", nil},
		"header, tab within":  {bare, "al\tice", nil},
		"header, hard space":  {bare, "alice\u00a0", nil},
		"header, split":       {bare, "alice\r\nX-Admin: 1", nil},
		"header, no owner":    {bare, "", nil},
		"account":             {token, "SVC", http.Header{"Authorization": {"Bearer pat"}}},
		"account by password": {password, "svc", http.Header{"Authorization": {"Basic c3ZjOnB3"}}},
		"not the account":     {token, "alice", nil},
	} {
		out := &Outgoing{Header: http.Header{}}
		err := tc.by.Apply(out, tc.owner)
		if (err != nil) != (tc.want == nil) || len(out.Header) != len(tc.want) {
			t.Errorf("%s: %v %v", name, out.Header, err)
		}
		for key, values := range tc.want {
			if out.Header.Get(key) != values[0] {
				t.Errorf("%s: %v", name, out.Header)
			}
		}
		var missing *MissingCredentialError
		if errors.As(err, &missing) && (missing.Owner != tc.owner || strings.Contains(err.Error(), "pat ")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatNoHeaderCanCarry(t *testing.T) {
	for name, err := range map[string]error{
		"token":       second(NewOwnerTokens(map[string]string{"a": "s3cret\n"}, "gw", "jira")),
		"empty token": second(NewOwnerTokens(map[string]string{"a": ""}, "gw", "jira")),
		"name":        second(NewHeader("X User", "", "")),
		"secret":      second(NewHeader("X-User", "X-Secret", "s3cret\x00")),
		"no secret":   second(NewHeader("X-User", "X-Secret", "")),
		"secret only": second(NewHeader("X-User", "", "s3cret")),
		"same name":   second(NewHeader("X-User", "x-user", "s3cret")),
		"account":     second(NewServiceAccountToken("a", "s3cret\r")),
		"password":    second(NewServiceAccountPassword("a", "")),
	} {
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }
