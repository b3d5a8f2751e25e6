// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Refusal is the gateway's own answer to a request.
type Refusal struct {
	Status int
	// Reason is one of the constants below: for metrics and the audit log.
	Reason string
	// Message is for the person who reads the answer. It repeats nothing of the request but names.
	Message string
	// RetryAfter is in seconds; 0: it would not help.
	RetryAfter int
	// Rate is a limit of Jira's that the refusal is about; the token's own is told where there is none.
	Rate rateStatus
	// LeakedID is the id of a token that stood where none belongs, for the audit log.
	LeakedID string
	// Close ends the connection after the answer.
	Close bool
}

// The reasons of refusals, and of requests that were let through.
const (
	reasonAllowed = "allowed"
	reasonExempt  = "exempt"

	reasonStale        = "stale"
	reasonUnconfigured = "unconfigured"
	reasonOverload     = "overload"
	reasonInFlight     = "in-flight"
	reasonFailures     = "failures"
	reasonConcurrent   = "concurrent"

	reasonAudit = "audit-log"

	reasonMisconfigured = "misconfigured"

	reasonConnection = "connection"

	reasonMethod    = "method"
	reasonUpgrade   = "upgrade"
	reasonHeaders   = "headers"
	reasonTarget    = "target"
	reasonPath      = "path"
	reasonOutside   = "outside"
	reasonAmbiguous = "ambiguous-credentials"
	reasonMalformed = "malformed"
	reasonLeaked    = "leaked"
	reasonParameter = "parameter"
	reasonBody      = "body"
	reasonBodyTime  = "body-timeout"

	reasonNoToken    = "no-token"
	reasonNotBrowser = "not-a-browser"
	reasonLogin      = "login"
	reasonUnknown    = "unknown"
	reasonOwner      = "owner-mismatch"
	reasonBlocked    = "blocked"
	reasonExpired    = "expired"
	reasonRetired    = "retired"
	reasonDenied     = "denied"
	reasonAddress    = "source-address"
	reasonHeader     = "header"
	reasonScope      = "scope"
	reasonUnlisted   = "unlisted"
	reasonRate       = "rate-limit"
	reasonNever      = "never-reachable"
	reasonNotRest    = "not-rest"
	reasonIdentity   = "impersonation"
	reasonUpstream   = "upstream"
	reasonTimeout    = "upstream-timeout"
	reasonGone       = "client-gone"
	reasonAborted    = "aborted"
	reasonPanic      = "panic"
)

func refuse(status int, reason, message string) *Refusal {
	return &Refusal{Status: status, Reason: reason, Message: message}
}

// body is Jira's own shape of an error.
func (r *Refusal) body() []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // "<token>" is for people to read; the content type keeps browsers from more
	err := encoder.Encode(struct {
		ErrorMessages []string `json:"errorMessages"`
		Errors        struct{} `json:"errors"`
	}{ErrorMessages: []string{r.Message}})
	if err != nil { // strings can always be marshalled
		return []byte(`{"errorMessages":[],"errors":{}}`)
	}
	return out.Bytes()
}

// write sends the refusal.
func (r *Refusal) write(w http.ResponseWriter, request *Request) {
	header := w.Header()
	clear(header)
	body := r.body()
	header.Set("Content-Type", "application/json;charset=UTF-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	switch r.Status {
	case http.StatusUnauthorized:
		header["Www-Authenticate"] = challengesFor(request)
	case http.StatusForbidden:
		header.Set("X-Authentication-Denied-Reason", printable(r.Message, 300))
	case http.StatusMethodNotAllowed:
		header.Set("Allow", strings.Join(knownMethods, ", "))
	}
	if r.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	r.Rate.write(header)
	if r.Close {
		header.Set("Connection", "close")
	}
	w.WriteHeader(r.Status)
	if request.Method != http.MethodHead {
		_, _ = w.Write(body) // the client has gone; there is nobody to tell
	}
}

var challenges = []string{`Bearer realm="Jira API tokens"`, `Basic realm="Jira API tokens", charset="UTF-8"`}

// challengesFor leaves out Basic for browsers, which would ask people for a password in a window of their own. Who says
// that Basic is what they want is asked for it, as by Jira.
func challengesFor(request *Request) []string {
	fromBrowser := strings.EqualFold(request.Header.Get("X-Requested-With"), "XMLHttpRequest")
	for _, name := range [...]string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
		fromBrowser = fromBrowser || len(request.Header[name]) > 0
	}
	if fromBrowser && !slices.Contains(strings.Split(request.RawQuery, "&"), basicHint) {
		return challenges[:1]
	}
	return challenges
}

// printable makes text fit for a header or a log: what is no printable ASCII becomes a question mark.
func printable(text string, limit int) string {
	if len(text) > limit {
		text = text[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
