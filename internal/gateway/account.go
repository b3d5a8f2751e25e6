// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"runtime/debug"
	"strconv"
)

// finish is step 9: it accounts for a request, however it ended. ReverseProxy panics to break an answer off; that goes
// on after the account.
func (h *Handler) finish(x *exchange, w *response) {
	problem := recover()
	h.metrics.inFlight.Dec()
	h.leave(x)
	var received int64
	if x.body != nil {
		received = x.body.finish()
	}
	outcome := outcomeOf(x, problem)
	if x.forwarded && outcome.reason == reasonIdentity {
		h.unproved.write(h.log, x)
	}
	elapsed := h.clock.Since(x.start)
	h.metrics.observe(x, outcome, elapsed, received, w.bytes)
	h.countUse(x)
	h.countActivity(x, outcome)
	h.tokenUse.observe(x, outcome.decision)
	h.learnGuess(x)
	if outcome.reason == reasonFailures { // whoever guesses tokens could make any number of lines
		h.suppressed.count(knownAddress(x))
	} else {
		h.audit.write(newAuditLine(x, w, outcome, elapsed, received))
	}
	if problem != nil {
		if problem != http.ErrAbortHandler { //nolint:errorlint // a panic's value, compared as net/http does
			h.log.Error(nil, "panic in the request path", "stack", string(debug.Stack()))
			problem = http.ErrAbortHandler // net/http would print the value, which may hold parts of the request
		}
		panic(problem)
	}
}

// outcome is how a request ended: the decision is allowed, audit (let through, but for the policy's Audit it would have been
// refused, for this reason), refused (ours to refuse) or failed (Jira's side).
type outcome struct{ decision, reason string }

func outcomeOf(x *exchange, problem any) outcome {
	switch {
	case problem != nil && problem != http.ErrAbortHandler: //nolint:errorlint // see finish
		return outcome{"failed", reasonPanic}
	case problem != nil:
		return outcome{passed(x).decision, reasonAborted}
	case x.refusal == nil:
		return passed(x)
	case x.forwarded, x.refusal.Status >= http.StatusInternalServerError:
		return outcome{"failed", x.refusal.Reason}
	default:
		return outcome{"refused", x.refusal.Reason}
	}
}

func passed(x *exchange) outcome {
	switch x.personal.outcome {
	case outcomeAudit:
		return outcome{"audit", x.personal.refusal.Reason}
	case outcomeExempt:
		return outcome{"allowed", reasonExempt}
	}
	return outcome{"allowed", reasonAllowed}
}

func statusClass(status int) string { return strconv.Itoa(status/100) + "xx" }
