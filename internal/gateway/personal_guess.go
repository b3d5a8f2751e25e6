// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// guessLimits keep the gateway from being a way to guess passwords: what Jira takes for wrong is counted by network, and
// beyond the same bound as for tokens no more of that kind gets to Jira. Log-ins are counted apart from what scripts send,
// and a credential that Jira took before from that network is no guess: in an office behind one address, a script with an
// old password must not keep the others out.
type guessLimits struct {
	logins, others *failureLimit
	taken          *takenCredentials
}

func newGuessLimits(now time.Time) guessLimits {
	return guessLimits{logins: newFailureLimit(now), others: newFailureLimit(now), taken: newTakenCredentials(now)}
}

// of returns the limit that a request with a personal credential counts for; nil: it has nothing that can be guessed.
func (g *guessLimits) of(x *exchange) *failureLimit {
	switch x.personal.class {
	case classLogin:
		if isReading(x.request.Method) {
			return nil // the page with the form
		}
		return g.logins
	case classBasic, classParameters, classJiraToken:
		return g.others
	case classOAuth, classSession, classAnonymous, classOther:
	}
	return nil
}

func isReading(method string) bool {
	return slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodOptions}, method)
}

// limitRefused counts what the policy refuses, like wrong tokens. A refused log-in tells nothing and is not counted.
func (h *Handler) limitRefused(x *exchange, refusal *Refusal) *Refusal {
	if refusal == nil || x.personal.class == classLogin || h.guesses.of(x) == nil {
		return refusal
	}
	return h.limitFailures(x, refusal)
}

// limitGuesses comes last before Jira is asked.
func (h *Handler) limitGuesses(x *exchange) *Refusal {
	limit := h.guesses.of(x)
	if limit == nil {
		return nil
	}
	retryAfter := limit.exhausted(knownAddress(x), x.start)
	if retryAfter == 0 || h.guesses.taken.has(x) {
		return nil
	}
	x.personal.outcome, x.personal.refusal = outcomeRefused, &Refusal{
		Status: http.StatusTooManyRequests, Reason: reasonFailures, RetryAfter: retryAfter,
		Message: "Jira refused too many passwords or tokens from this address or its network; correct them where they are wrong",
	}
	return x.personal.refusal
}

// learnGuess is a part of step 9: what Jira made of the credential.
func (h *Handler) learnGuess(x *exchange) {
	if x.upstreamStatus == 0 {
		return
	}
	limit := h.guesses.of(x)
	switch {
	case limit == nil:
	case isWrong(x):
		_ = limit.take(knownAddress(x), x.start) // the next one finds it used up
	case answeredUser(x.jiraUser) != "":
		h.guesses.taken.add(x)
	}
}

// isWrong: Jira says so in a header, also where it goes on without a user; its 401 counts unless it names the user.
func isWrong(x *exchange) bool {
	for _, reason := range x.loginReason {
		if strings.Contains(reason, "AUTHENTICATED_FAILED") || strings.Contains(reason, "AUTHENTICATION_DENIED") {
			return true
		}
	}
	return x.upstreamStatus == http.StatusUnauthorized && answeredUser(x.jiraUser) == ""
}

const (
	takenSlots = 1 << 14
	takenFor   = 12 * time.Hour
)

// takenCredentials remembers which Authorization headers Jira took, from which network: fingerprints under a key that
// nobody knows, in a table of fixed size where newer ones take the place of older ones. A fingerprint that happens to be
// another's lets one guess more through.
type takenCredentials struct {
	seed  maphash.Seed
	began time.Time
	slots [takenSlots]struct{ fingerprint, until atomic.Uint64 }
}

func newTakenCredentials(now time.Time) *takenCredentials {
	return &takenCredentials{seed: maphash.MakeSeed(), began: now}
}

func (t *takenCredentials) add(x *exchange) {
	if fingerprint := t.fingerprint(x); fingerprint != 0 {
		slot := &t.slots[fingerprint%takenSlots]
		slot.fingerprint.Store(fingerprint)
		slot.until.Store(uint64(max(x.start.Sub(t.began)+takenFor, 0)))
	}
}

func (t *takenCredentials) has(x *exchange) bool {
	fingerprint := t.fingerprint(x)
	slot := &t.slots[fingerprint%takenSlots]
	return fingerprint != 0 && slot.fingerprint.Load() == fingerprint && uint64(max(x.start.Sub(t.began), 0)) < slot.until.Load()
}

// fingerprint is 0 without an Authorization header.
func (t *takenCredentials) fingerprint(x *exchange) uint64 {
	lines := x.request.Header["Authorization"]
	if len(lines) != 1 {
		return 0
	}
	var hash maphash.Hash
	hash.SetSeed(t.seed)
	network := networkOf(knownAddress(x))
	_, _ = hash.Write(network[:]) // never fails
	_, _ = hash.WriteString(lines[0])
	return hash.Sum64()
}
