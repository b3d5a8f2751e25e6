// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// classifyAuthorization reads the Authorization header. Whatever holds something that begins like a token of ours is
// ours, however odd its form: it is answered here and never forwarded.
func classifyAuthorization(r *Request) (credential, *Refusal) {
	lines := r.Header["Authorization"]
	if len(lines) == 0 {
		return credential{}, nil
	}
	scheme, value := splitScheme(lines[0])
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return classifyBearer(value)
	case strings.EqualFold(scheme, "Basic"):
		return classifyBasic(value)
	case isEncodedToken(scheme), isEncodedToken(value):
		return malformedToken(encodedToken), nil
	case strings.Contains(lines[0], token.Prefix):
		return malformedToken("write the token as Authorization: Bearer <token>, or as the password of Basic"), nil
	case strings.EqualFold(scheme, "OAuth"):
		return credential{kind: oauthCredential}, nil
	default:
		return credential{kind: otherCredential}, nil
	}
}

// splitScheme cuts at the first white space.
func splitScheme(line string) (scheme, value string) {
	line = strings.Trim(line, " \t")
	if end := strings.IndexAny(line, " \t"); end >= 0 {
		return line[:end], strings.Trim(line[end:], " \t")
	}
	return line, ""
}

func classifyBearer(value string) (credential, *Refusal) {
	if refusal := refuseSeveral(value); refusal != nil {
		return credential{}, refusal
	}
	if !token.IsOurs(value) {
		if isEncodedToken(value) {
			return malformedToken(encodedToken), nil
		}
		if strings.Contains(value, token.Prefix) {
			return malformedToken("the token alone must follow Bearer and white space, without quotes or anything else"), nil
		}
		return credential{kind: bearerCredential}, nil
	}
	return parseToken(value), nil
}

func classifyBasic(value string) (credential, *Refusal) {
	if refusal := refuseSeveral(value); refusal != nil {
		return credential{}, refusal
	}
	if strings.Contains(value, token.Prefix) {
		return malformedToken("Basic needs the base64 form of user:token"), nil
	}
	decoded, err := decodeBase64(value)
	if err != nil {
		return credential{}, refuse(http.StatusBadRequest, reasonMalformed,
			"the Authorization header's value is no base64 form of user:password")
	}
	user, password, _ := strings.Cut(string(decoded), ":")
	switch {
	case token.IsOurs(password):
		found := parseToken(password)
		found.user, found.withUser = user, true
		return found, nil
	case isEncodedToken(password), isEncodedToken(user):
		return malformedToken(encodedToken), nil
	case strings.Contains(string(decoded), token.Prefix):
		return malformedToken("with Basic, the token is the password and its owner is the user name"), nil
	default:
		return credential{kind: basicCredential, user: user, withUser: true}, nil
	}
}

// encodedPrefix begins the base64 form of everything that begins with token.Prefix.
const encodedPrefix = "amF0X"

const encodedToken = "this is the base64 form of a token, as a Secret's data holds it: decode it first " +
	"(kubectl get secret <name> -o go-template='{{.data.token | base64decode}}')"

// isEncodedToken finds the commonest mistake with tokens out of Secrets. It is a token all the same, so it is ours.
func isEncodedToken(text string) bool { return strings.HasPrefix(text, encodedPrefix) }

// decodeBase64 reads the alphabets and paddings that clients use.
func decodeBase64(value string) ([]byte, error) {
	value = strings.TrimRight(value, "=")
	if strings.ContainsAny(value, "-_") {
		return base64.RawURLEncoding.DecodeString(value)
	}
	return base64.RawStdEncoding.DecodeString(value)
}

// refuseSeveral: neither base64 nor a token has a comma, so there is a second credential behind it.
func refuseSeveral(value string) *Refusal {
	if strings.IndexByte(value, ',') < 0 {
		return nil
	}
	return refuse(http.StatusBadRequest, reasonAmbiguous, "the Authorization header has several credentials; send one")
}

func parseToken(text string) credential {
	parsed, err := token.Parse(text)
	if err != nil {
		return malformedToken(err.Error())
	}
	return credential{kind: gatewayToken, token: parsed}
}

func malformedToken(why string) credential { return credential{kind: gatewayToken, malformed: why} }
