// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"slices"
	"strings"
)

// parameterClass is what the name of a request parameter is about.
type parameterClass uint8

const (
	harmlessParameter parameterClass = iota
	loginParameter
	oauthParameter
	jwtParameter
	// impersonatingParameter names another user, or another method.
	impersonatingParameter
)

// parameterKind judges a raw name. It is decoded first, and compared without regard to case, which is stricter than Jira.
func parameterKind(rawName string) parameterClass {
	if len(rawName) < len("jwt") {
		return harmlessParameter
	}
	name := decodedName(rawName)
	switch {
	case hasPrefixFold(name, "os_"):
		return loginParameter
	case hasPrefixFold(name, "oauth_"):
		return oauthParameter
	case hasPrefixFold(name, "xoauth_"), strings.EqualFold(name, "user_id"), strings.EqualFold(name, "_method"),
		strings.EqualFold(name, "x-http-method-override"):
		return impersonatingParameter
	case strings.EqualFold(name, "jwt"):
		return jwtParameter
	}
	return harmlessParameter
}

// basicHint asks Jira to answer 401 rather than anonymously when there is no password. Honest clients send it beside Basic,
// which may be a token; the gateway answers so anyway. It is only known as it is always spelled.
const basicHint = "os_authType=basic"

// withoutHint takes it off what goes to Jira in the owner's name, without a password to be found.
func withoutHint(rawQuery string) string {
	if !strings.Contains(rawQuery, basicHint) {
		return rawQuery
	}
	pairs := strings.Split(rawQuery, "&")
	return strings.Join(slices.DeleteFunc(pairs, func(pair string) bool { return pair == basicHint }), "&")
}

func decodedName(raw string) string {
	if !strings.ContainsAny(raw, "%+") {
		return raw
	}
	return strings.TrimSpace(decodeLeniently(strings.ReplaceAll(raw, "+", " ")))
}

func decodedValue(raw string) string {
	return strings.TrimSpace(decodeLeniently(strings.ReplaceAll(raw, "+", " ")))
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// checkParameters refuses, on a token request, parameters of a query or a form that say who one is or what is meant:
// they would be signed with the rest, or believed by Jira.
func checkParameters(encoded, place string) *Refusal {
	if encoded == "" {
		return nil
	}
	for pair := range strings.SplitSeq(encoded, "&") {
		if name, _, _ := strings.Cut(pair, "="); parameterKind(name) != harmlessParameter && pair != basicHint {
			return refuse(http.StatusBadRequest, reasonParameter, "the "+place+" has a parameter that names a user, a "+
				"credential or a method (os_…, oauth_…, xoauth_…, user_id, jwt, _method); a token's request can't have one")
		}
	}
	return nil
}
