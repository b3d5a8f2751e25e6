// SPDX-License-Identifier: Apache-2.0

package jiratest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1"
	_ "crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

var oauthNow = time.Unix(1_800_000_000, 0)

// enc is an encoder of our own, by another way than the one under test: Go's query escaping, put right.
func enc(s string) string {
	return strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(s))
}

// signed builds an Authorization header for the request. change may spoil the OAuth parameters before signing, spoil
// after.
func signed(t *testing.T, key *rsa.PrivateKey, method, address string, extra url.Values, change, spoil func(map[string]string)) string {
	t.Helper()
	oauth := map[string]string{
		"oauth_consumer_key": "gateway", "oauth_token": "", "oauth_signature_method": "RSA-SHA1", "oauth_version": "1.0",
		"oauth_timestamp": strconv.FormatInt(oauthNow.Unix(), 10), "oauth_nonce": rand.Text(),
	}
	if change != nil {
		change(oauth)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, values := range []url.Values{u.Query(), extra} {
		for name, all := range values {
			for _, value := range all {
				list = append(list, enc(name)+"="+enc(value))
			}
		}
	}
	for name, value := range oauth {
		list = append(list, enc(name)+"="+enc(value))
	}
	sort.Strings(list)
	base := method + "&" + enc(u.Scheme+"://"+u.Host+u.EscapedPath()) + "&" + enc(strings.Join(list, "&"))
	hash := crypto.SHA1
	if oauth["oauth_signature_method"] == "RSA-SHA256" {
		hash = crypto.SHA256
	}
	digest := hash.New()
	_, _ = io.WriteString(digest, base)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, digest.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	oauth["oauth_signature"] = base64.StdEncoding.EncodeToString(signature)
	if spoil != nil {
		spoil(oauth)
	}
	var parts []string
	for name, value := range oauth {
		parts = append(parts, name+`="`+enc(value)+`"`)
	}
	return `Authorization: OAuth realm="ignored", ` + strings.Join(parts, ", ")
}

func oauthServer(t *testing.T) (*jiratest.Server, *rsa.PrivateKey) {
	t.Helper()
	srv := startWith(t, jiratest.Config{Now: func() time.Time { return oauthNow }})
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	srv.SetOAuthConsumer("gateway", &key.PublicKey)
	return srv, key
}

func set(name, value string) func(map[string]string) {
	return func(m map[string]string) { m[name] = value }
}

func without(name string) func(map[string]string) {
	return func(m map[string]string) { delete(m, name) }
}

func at(offset time.Duration) func(map[string]string) {
	return set("oauth_timestamp", strconv.FormatInt(oauthNow.Add(offset).Unix(), 10))
}

func TestOAuth(t *testing.T) {
	srv, key := oauthServer(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const info = baseURL + "/rest/api/2/serverInfo"
	const asAlice = info + "?xoauth_requestor_id=alice"
	for name, tc := range map[string]struct {
		signs         string // URL that is signed
		sent          string // target below the origin, if it differs
		change, spoil func(map[string]string)
		key           *rsa.PrivateKey
		status        int
		user, problem string
	}{
		"impersonation":        {signs: asAlice, status: 200, user: "alice"},
		"RSA-SHA256":           {signs: asAlice, change: set("oauth_signature_method", "RSA-SHA256"), status: 200, user: "alice"},
		"SHA-1 called SHA-256": {signs: asAlice, spoil: set("oauth_signature_method", "RSA-SHA256"), status: 401, problem: "signature_invalid"},
		"fallback parameter":   {signs: info + "?user_id=alice", status: 200, user: "alice"},
		"name that is encoded": {signs: info + "?xoauth_requestor_id=rita%40corp.example&x=a+b%20%7E*%2B", status: 200, user: "rita@corp.example"},
		"encoded path":         {signs: baseURL + "/rest/api/2/server%49nfo?xoauth_requestor_id=alice", status: 200, user: "alice"},
		"no version":           {signs: asAlice, change: without("oauth_version"), status: 200, user: "alice"},
		"at the window's end":  {signs: asAlice, change: at(-300 * time.Second), status: 200, user: "alice"},
		"parameters repeated":  {signs: asAlice + "&a=2&a=1", status: 200, user: "alice"},
		"no user":              {signs: info, status: 200},
		"unknown user":         {signs: info + "?xoauth_requestor_id=eve", status: 200},
		"inactive user":        {signs: info + "?xoauth_requestor_id=gone", status: 401, problem: "permission_denied"},
		"user not signed":      {signs: info, sent: "/jira/rest/api/2/serverInfo?xoauth_requestor_id=root", status: 401, problem: "signature_invalid"},
		"user swapped":         {signs: asAlice, sent: "/jira/rest/api/2/serverInfo?xoauth_requestor_id=root", status: 401, problem: "signature_invalid"},
		"other path":           {signs: asAlice, sent: "/jira/rest/api/2/myself?xoauth_requestor_id=alice", status: 401, problem: "signature_invalid"},
		"other host":           {signs: "https://gateway.example/jira/rest/api/2/serverInfo?xoauth_requestor_id=alice", status: 401, problem: "signature_invalid"},
		"other scheme":         {signs: "http://jira.example/jira/rest/api/2/serverInfo?xoauth_requestor_id=alice", status: 401, problem: "signature_invalid"},
		"other key":            {signs: asAlice, key: stranger, status: 401, problem: "signature_invalid"},
		"no base64":            {signs: asAlice, spoil: set("oauth_signature", "???"), status: 401, problem: "signature_invalid"},
		"unknown consumer":     {signs: asAlice, change: set("oauth_consumer_key", "eve"), status: 401, problem: "consumer_key_unknown"},
		"too old":              {signs: asAlice, change: at(-301 * time.Second), status: 400, problem: "timestamp_refused"},
		"from the future":      {signs: asAlice, change: at(301 * time.Second), status: 400, problem: "timestamp_refused"},
		"no number":            {signs: asAlice, change: set("oauth_timestamp", "now"), status: 400, problem: "parameter_rejected"},
		"version 2":            {signs: asAlice, change: set("oauth_version", "2.0"), status: 400, problem: "version_rejected"},
		"other method":         {signs: asAlice, change: set("oauth_signature_method", "HMAC-SHA1"), status: 400, problem: "signature_method_rejected"},
		"three legs":           {signs: asAlice, change: set("oauth_token", "x"), status: 401, problem: "token_rejected"},
		"twice in the query":   {signs: asAlice + "&oauth_nonce=x", status: 400, problem: "parameter_rejected"},
		"no oauth_token":       {signs: asAlice, change: without("oauth_token"), status: 200},
		"no oauth_signature":   {signs: asAlice, spoil: without("oauth_signature"), status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.key == nil {
				tc.key = key
			}
			if tc.sent == "" {
				u, _ := url.Parse(tc.signs)
				tc.sent = u.RequestURI()
			}
			a := send(t, srv, "GET", tc.sent, "", signed(t, tc.key, "GET", tc.signs, nil, tc.change, tc.spoil))
			wantStatus(t, a, tc.status)
			if got := srv.Last().User; got != tc.user {
				t.Errorf("user %q, want %q", got, tc.user)
			}
			if tc.problem != "" {
				wantHeader(t, a, "WWW-Authenticate",
					`OAuth realm="https%3A%2F%2Fjira.example%2Fjira", oauth_problem="`+tc.problem+`"`)
			}
		})
	}
}

func TestOAuthNonceWorksOnce(t *testing.T) {
	srv, key := oauthServer(t)
	header := signed(t, key, "GET", baseURL+"/rest/api/2/myself?xoauth_requestor_id=alice", nil, nil, nil)
	wantStatus(t, send(t, srv, "GET", myself+"?xoauth_requestor_id=alice", "", header), http.StatusOK)
	a := send(t, srv, "GET", myself+"?xoauth_requestor_id=alice", "", header)
	wantStatus(t, a, http.StatusUnauthorized)
	if !strings.Contains(a.Header.Get("WWW-Authenticate"), `oauth_problem="nonce_used"`) {
		t.Error(a.Header.Get("WWW-Authenticate"))
	}
}

func TestOAuthSignsFormBodies(t *testing.T) {
	srv, key := oauthServer(t)
	const address = baseURL + "/login.jsp?xoauth_requestor_id=alice"
	form := url.Values{"comment": {"a b+c&d=é"}}
	contentType := "Content-Type: application/x-www-form-urlencoded; charset=UTF-8"
	for _, tc := range []struct {
		signs  url.Values
		status int
	}{{form, 200}, {nil, 401}, {url.Values{"comment": {"other"}}, 401}} {
		header := signed(t, key, "POST", address, tc.signs, nil, nil)
		a := send(t, srv, "POST", "/jira/login.jsp?xoauth_requestor_id=alice", form.Encode(), header, contentType)
		wantStatus(t, a, tc.status)
	}
}

// TestOAuthReferenceVector pins the signature base string to one written out by hand after RFC 5849, section 3.4.1.
func TestOAuthReferenceVector(t *testing.T) {
	srv, key := oauthServer(t)
	const base = "GET&https%3A%2F%2Fjira.example%2Fjira%2Frest%2Fapi%2F2%2Fsearch&" +
		"jql%3Dproject%2520%253D%2520DEMO%26" +
		"oauth_consumer_key%3Dgateway%26oauth_nonce%3Dkllo9940pd9333jh%26oauth_signature_method%3DRSA-SHA1%26" +
		"oauth_timestamp%3D1800000000%26oauth_token%3D%26oauth_version%3D1.0%26" +
		"xoauth_requestor_id%3Drita%2540corp.example"
	digest := crypto.SHA1.New()
	_, _ = io.WriteString(digest, base)
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	header := `Authorization: OAuth oauth_consumer_key="gateway",oauth_token="",oauth_signature_method="RSA-SHA1",` +
		`oauth_timestamp="1800000000",oauth_nonce="kllo9940pd9333jh",oauth_version="1.0",oauth_signature="` +
		enc(base64.StdEncoding.EncodeToString(signature)) + `"`
	a := send(t, srv, "GET", "/jira/rest/api/2/search?jql=project+%3D%20DEMO&xoauth_requestor_id=rita@corp.example", "", header)
	wantStatus(t, a, http.StatusOK)
	wantUser(t, srv, "rita@corp.example", "oauth")
	wantHeader(t, a, "X-AUSERNAME", "rita%40corp.example")
}
