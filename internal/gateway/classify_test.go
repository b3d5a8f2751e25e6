// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

func TestClassifyAuthorization(t *testing.T) {
	tok := unknownToken
	encoded := base64.StdEncoding.EncodeToString([]byte(tok + "\n"))
	for line, want := range map[string]struct {
		kind   credentialKind
		status int
		ours   string // "whole", "malformed", or "encoded", which is malformed, too
	}{
		"Bearer " + tok:                          {gatewayToken, 0, "whole"},
		"bEARER\t " + tok + " \t":                {gatewayToken, 0, "whole"},
		"Bearer " + tok[:20]:                     {gatewayToken, 0, "malformed"},
		"Bearer jat_":                            {gatewayToken, 0, "malformed"},
		"Bearer x" + tok:                         {gatewayToken, 0, "malformed"},
		"Bearer " + tok + " x":                   {gatewayToken, 0, "malformed"},
		"Bearer '" + tok + "'":                   {gatewayToken, 0, "malformed"},
		"Bearer " + tok + "," + tok:              {0, 400, ""},
		"Bearer x, Basic y":                      {0, 400, ""},
		"Bearer " + tok + ", OAuth a=\"b\"":      {0, 400, ""},
		tok:                                      {gatewayToken, 0, "malformed"},
		"Token " + tok:                           {gatewayToken, 0, "malformed"},
		"OAuth oauth_token=\"" + tok + "\"":      {gatewayToken, 0, "malformed"},
		"Bearer " + encoded:                      {gatewayToken, 0, "encoded"},
		"bearer  " + encoded[:12]:                {gatewayToken, 0, "encoded"},
		basic("alice", encoded):                  {gatewayToken, 0, "encoded"},
		basic(encoded, ""):                       {gatewayToken, 0, "encoded"},
		encoded:                                  {gatewayToken, 0, "encoded"},
		"Token " + encoded:                       {gatewayToken, 0, "encoded"},
		"Basic " + encoded:                       {gatewayToken, 0, "malformed"}, // Basic of a token alone
		"Bearer  " + tok:                         {gatewayToken, 0, "whole"},
		"Bearer MDA0":                            {bearerCredential, 0, ""},
		"Bearer":                                 {bearerCredential, 0, ""},
		"Bearer ":                                {bearerCredential, 0, ""},
		basic("alice", tok):                      {gatewayToken, 0, "whole"},
		strings.TrimRight(basic("al", tok), "="): {gatewayToken, 0, "whole"},
		"bAsIc " + basic("alice", tok)[6:]:       {gatewayToken, 0, "whole"},
		basic("alice", tok[:9]):                  {gatewayToken, 0, "malformed"},
		basic("alice", tok+"\n"):                 {gatewayToken, 0, "malformed"},
		basic("alice", " "+tok):                  {gatewayToken, 0, "malformed"},
		basic(tok, ""):                           {gatewayToken, 0, "malformed"},
		basic(tok, "x-oauth-basic"):              {gatewayToken, 0, "malformed"},
		basic("alice:"+tok, ""):                  {gatewayToken, 0, "malformed"},
		basic("alice", "pw"):                     {basicCredential, 0, ""},
		"Basic YWxpY2U6cHc=":                     {basicCredential, 0, ""},
		"Basic YWxpY2U":                          {basicCredential, 0, ""},
		"Basic !!!":                              {0, 400, ""},
		"Basic " + tok:                           {gatewayToken, 0, "malformed"},
		"Basic YWxpY2U6cHc=, Basic YWxpY2U6":     {0, 400, ""},
		"OAuth oauth_consumer_key=\"a\", oauth_token=\"b\"": {oauthCredential, 0, ""},
		"JWT abc":   {otherCredential, 0, ""},
		"Negotiate": {otherCredential, 0, ""},
		"":          {otherCredential, 0, ""},
	} {
		got, refusal := classify(&Request{Header: http.Header{"Authorization": {line}}}, nil, false)
		if want.status != 0 {
			if refusal == nil || refusal.Status != want.status {
				t.Errorf("%q: %+v", line, refusal)
			}
			continue
		}
		if refusal != nil || got.kind != want.kind || (want.ours == "malformed" || want.ours == "encoded") != (got.malformed != "") ||
			want.ours == "whole" && got.token.Reveal() != tok ||
			(want.ours == "encoded") != strings.Contains(got.malformed, "base64decode") {
			t.Errorf("%q: %+v %+v", line, got, refusal)
		}
		if strings.Contains(got.malformed, tok[4:]) {
			t.Errorf("%q: the message repeats the token", line)
		}
	}
}

// TestTheBase64FormOfATokenIsATokenToo: it is answered here, and what it stands for is not written anywhere.
func TestTheBase64FormOfATokenIsATokenToo(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	encoded := base64.StdEncoding.EncodeToString([]byte(tok))
	for _, line := range []string{bearer(encoded), "Authorization: " + basic("alice", encoded)} {
		a := b.send("GET", myself, line)
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.message(t), "'{{.data.token | base64decode}}'") ||
			strings.Contains(a.body, encoded[6:16]) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if lines := b.auditLines(2); lines[0].Reason != "malformed" || len(b.jira.Received()) != 0 ||
		strings.Contains(b.audit.String()+b.logs.String(), encoded[6:16]) {
		t.Errorf("%+v", lines)
	}
	for c := range 256 { // whatever follows
		if form := base64.StdEncoding.EncodeToString([]byte{'j', 'a', 't', '_', byte(c)}); !isEncodedToken(form) {
			t.Errorf("%s", form)
		}
	}
}

// TestWhiteSpaceAfterBearer: what a message asks for is what is taken.
func TestWhiteSpaceAfterBearer(t *testing.T) {
	b := newBench(t)
	tok := b.issue("alice", []string{"read"})
	if a := b.send("GET", myself, "Authorization: Bearer \t "+tok); a.StatusCode != http.StatusOK {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := b.send("GET", myself, bearer("'"+tok+"'")); !strings.Contains(a.message(t), "must follow Bearer and white space") {
		t.Error(a.body)
	}
}

func TestClassifyOtherCarriers(t *testing.T) {
	for name, tc := range map[string]struct {
		r    Request
		want credentialKind
	}{
		"nothing":         {Request{}, noCredential},
		"harmless cookie": {Request{Header: http.Header{"Cookie": {"theme=JSESSIONID; atlassian.xsrf.token=x"}}}, noCredential},
		"session":         {Request{Header: http.Header{"Cookie": {"a=b", "c=d;JSESSIONID=x"}}}, sessionCredential},
		"quoted, spaced":  {Request{Header: http.Header{"Cookie": {`a=b;  "jsessionid" =x`}}}, sessionCredential},
		"crowd":           {Request{Header: http.Header{"Cookie": {"crowd.token_key=x"}}}, sessionCredential},
		"login":           {Request{RawQuery: "a=b&os_password=x"}, parameterCredential},
		"login, encoded":  {Request{RawQuery: "o%73_cookie"}, parameterCredential},
		"oauth":           {Request{RawQuery: "OAUTH_signature=x"}, oauthCredential},
		"not oauth":       {Request{RawQuery: "x=oauth_token&os=1&osx_=2"}, noCredential},
		"trusted app":     {Request{Header: http.Header{"X-Seraph-Trusted-App-Cert": {"x"}}}, trustedAppCredential},
		"oauth twice": {
			Request{RawQuery: "oauth_token=x", Header: http.Header{"Authorization": {"OAuth a=b"}}}, oauthCredential,
		},
	} {
		if got, refusal := classify(&tc.r, nil, false); refusal != nil || got.kind != tc.want {
			t.Errorf("%s: %d %+v", name, got.kind, refusal)
		}
	}
}

// FuzzClassify: a request with a whole token is a token's request or refused, and no answer repeats the token.
func FuzzClassify(f *testing.F) {
	f.Add("Bearer ", "", "a=b", "x", true)
	f.Add("Basic ", "", "os_username=x", "JSESSIONID=1", false)
	f.Add("", " ", "%6Aat_", "a", true)
	f.Fuzz(func(t *testing.T, before, after, query, cookie string, inHeader bool) {
		r := &Request{RawQuery: query, Header: http.Header{"Cookie": {cookie}}}
		if inHeader {
			r.Header.Set("Authorization", before+unknownToken+after)
		} else {
			r.RawQuery = before + unknownToken + "&" + query
		}
		got, refusal := classify(r, nil, false)
		if refusal != nil {
			if refusal.Status != 400 || strings.Contains(refusal.Message, unknownToken[4:]) {
				t.Errorf("%+v", refusal)
			}
			return
		}
		if got.kind != gatewayToken || !inHeader {
			t.Errorf("%q %q: kind %d", before, after, got.kind)
		}
		if got.malformed == "" && got.token.Reveal() != unknownToken || strings.Contains(got.malformed, unknownToken[4:]) {
			t.Errorf("%q %q: %+v", before, after, got)
		}
	})
}
