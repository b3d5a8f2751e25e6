// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// judgePersonal is step 6 for requests without a token of ours.
func judgePersonal(x *exchange) *Refusal {
	x.personal = judgeKind(x, x.credential.kind)
	if x.personal.passes() || formMayPass(x) {
		return nil
	}
	return x.personal.refusal
}

func judgeKind(x *exchange, kind credentialKind) personalVerdict {
	return x.settings.personal.judge(&personalRequest{
		method: x.request.Method, rawQuery: x.request.RawQuery, segments: x.segments, header: x.request.Header,
		address: x.address, kind: kind, user: x.credential.user, now: x.start,
	})
}

// formMayPass tells whether a request that is refused as it is must be judged again by the credential in its form.
func formMayPass(x *exchange) bool {
	if x.credential.kind != noCredential || x.body == nil || !isForm(x.header) {
		return false
	}
	return slices.ContainsFunc([]credentialKind{parameterCredential, oauthCredential}, func(kind credentialKind) bool {
		verdict := judgeKind(x, kind)
		return verdict.passes()
	})
}

// keepOwnCredential is step 7 for requests without a token of ours: they go to Jira with the caller's own credential, byte
// for byte as it was judged. What only the gateway may say was taken off as for tokens.
func keepOwnCredential(x *exchange) (refusal *Refusal) {
	x.outgoing = impersonate.Outgoing{
		Method: x.request.Method, Path: x.request.Path, RawQuery: x.request.RawQuery, Header: x.header,
	}
	if x.body != nil && (isForm(x.header) || isLogin(x.request.Method, x.segments)) {
		if x.outgoing.Form, refusal = readPersonalForm(x); refusal != nil {
			return refusal
		}
	}
	for _, name := range [...]string{"Authorization", "Cookie"} {
		if lines := x.request.Header[name]; len(lines) > 0 {
			x.header[name] = lines
		}
	}
	setForwarded(x)
	return nil
}

// readPersonalForm reads a form, or what is sent to a log-in, and judges the request again by what is in it. Other bodies
// are streamed; Jira reads no credential from them.
func readPersonalForm(x *exchange) ([]byte, *Refusal) {
	body, refusal := personalForms.read(x.body, x.request.ContentLength)
	if refusal != nil {
		return nil, refusal
	}
	text := string(body)
	login := isLogin(x.request.Method, x.segments)
	if holdsToken(text) || login && holdsTokenAsJSON(text) {
		return nil, refuse(http.StatusBadRequest, reasonLeaked, "a token stands in the body, where Jira would keep it or try "+
			"it as a password: treat it as leaked and rotate it. Send it as Authorization: Bearer <token>")
	}
	if !isForm(x.header) {
		return body, nil
	}
	if strings.Count(text, "&") >= maxParameters {
		return nil, refuse(http.StatusBadRequest, reasonParameter, "the form has too many parameters")
	}
	inForm, refusal := kindOfParameters(text, true)
	if refusal != nil {
		return nil, refusal
	}
	kind, refusal := kindWithForm(x, inForm)
	if refusal != nil {
		return nil, refusal
	}
	if x.personal = judgeKind(x, kind); !x.personal.passes() {
		return nil, x.personal.refusal
	}
	return body, nil
}

// holdsTokenAsJSON finds a token, also a malformed one, in what readers of JSON take for text: with escapes for its
// letters, or in UTF-16 or UTF-32, which they tell by its zeros.
func holdsTokenAsJSON(text string) bool {
	text = strings.ReplaceAll(text, "\x00", "")
	text = escapedASCII.ReplaceAllStringFunc(text, func(escape string) string {
		return decodeLeniently("%" + escape[len(`\u00`):])
	})
	return holdsToken(text) || strings.Contains(text, `"`+token.Prefix)
}

var escapedASCII = regexp.MustCompile(`\\u00[0-7][0-9A-Fa-f]`)

// kindWithForm: at a log-in a form with a password is what the log-in is about, also with the cookie of the session that
// Jira made for its log-in page.
func kindWithForm(x *exchange, inForm credentialKind) (credentialKind, *Refusal) {
	kind := x.credential.kind
	bare := kind == noCredential || kind == sessionCredential
	if inForm == parameterCredential && bare && isLogin(x.request.Method, x.segments) {
		return kind, nil
	}
	return oneKind(kind, inForm)
}

// modifyPersonalResponse hands Jira's answer on, with its cookies and challenges: whom Jira takes the caller for is
// between the two. Not so the session that Jira makes for every password and token: a client with a cookie jar would send
// it beside its own credential from then on, which is two kinds, and it would outlive a password that was changed.
func modifyPersonalResponse(x *exchange, answer *http.Response) error {
	if answer.StatusCode < http.StatusOK {
		return &refusedAnswerError{refuse(http.StatusBadGateway, reasonUpstream,
			"Jira answered with a switch of protocols, which nobody asked for")}
	}
	for _, name := range [...]string{"Alt-Svc", "Trailer"} {
		delete(answer.Header, name)
	}
	rewriteLocations(x.settings, answer.Header)
	if x.personal.needsNoSession(x.segments) {
		dropSessionCookies(answer.Header)
	}
	return nil
}

func dropSessionCookies(header http.Header) {
	kept := slices.DeleteFunc(header["Set-Cookie"], func(line string) bool {
		name, _, _ := strings.Cut(line, "=")
		return sessionCookies[strings.ToLower(strings.Trim(name, " \t\""))]
	})
	if len(kept) == 0 {
		delete(header, "Set-Cookie")
		return
	}
	header["Set-Cookie"] = kept
}
