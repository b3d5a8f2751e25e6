// SPDX-License-Identifier: Apache-2.0

// Package activity is what gateways and the manager agree on about the use of tokens: the table in which a gateway counts,
// the reports that it makes of it, and what the manager makes of those in a token's status. It is pure: nothing in it reads a
// clock, a network or the Kubernetes API.
//
// Each report of a token's use has a number, higher than those before it of the same gateway, and a gateway has one report of a
// token on its way at a time. It repeats that, as it was, until it hears that it was written. The status holds the numbers of
// the last reports beside the counts that they are part of, both written at once. So a report that comes twice, because an
// answer was lost or through two managers, counts once, and one that a manager took to its grave comes again.
package activity

import "k8s.io/apimachinery/pkg/types"

const (
	// Path is where the manager takes reports.
	Path = "/activity"
	// Audience is that of the ServiceAccount tokens that gateways report with.
	Audience = "jira-token-operator/activity"

	// MaxUses bounds the tokens in one report.
	MaxUses = 1000
	// MaxUseBytes bounds one of them: a user agent of which each byte is escaped takes 1.5 KiB, all reasons that a gateway tells
	// apart as much, and the rest less than 500 bytes.
	MaxUseBytes = 4 << 10
	// MaxReportBytes bounds a report. It has room for 1000 uses with whole user agents and some refusals; a gateway whose uses are
	// longer sends fewer of them.
	MaxReportBytes = 1 << 20
)

// Report is what a gateway knows of the use of some tokens and has not reported yet.
type Report struct {
	// Gateway is the reporting process: 1 to 32 letters and digits that it chose at random.
	Gateway string `json:"gateway"`
	// Uses are of different tokens, at most MaxUses; none: the gateway has nothing to tell.
	Uses []Use `json:"uses"`
}

// Use is what one token was used for since the report of it before.
type Use struct {
	// Token is the ApiToken's UID.
	Token types.UID `json:"token"`
	// Number is higher than those of the gateway's reports before.
	Number int64 `json:"number"`
	// Waiting is for how many seconds this has been waiting to be reported. Who waits longest is written first.
	Waiting int64 `json:"waiting,omitempty"`

	// Requests that were let through.
	Requests int64 `json:"requests,omitempty"`
	// LastUsed is when the last of them came, in Unix seconds, as exactly as the policy wants to know; 0: there was none.
	LastUsed int64 `json:"lastUsed,omitempty"`
	// Address and UserAgent are of that request, as exactly as the policy wants to know.
	Address   string `json:"address,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`

	// Refusals of requests, and when the last one was, like LastUsed.
	Refusals    Refusals `json:"refusals,omitempty"`
	LastRefused int64    `json:"lastRefused,omitempty"`
}

// Refusals are for different reasons.
type Refusals []Refusal

// Refusal is how many requests were refused for one reason.
type Refusal struct {
	Reason string `json:"reason"`
	Count  int64  `json:"count"`
}

// Answer has a result for each of a report's uses, in their order.
type Answer struct {
	Results []Result `json:"results"`
}

// Result is what became of a report of a token's use.
type Result string

// The results.
const (
	// Written: it is in the token's status.
	Written Result = "written"
	// Later: it was not written, as there is too much to write just now. It is to be reported again.
	Later Result = "later"
	// Unsure: it may have been written, or not. It is to be reported again, as it is.
	Unsure Result = "unsure"
	// Unknown: there is no such token, or the manager has not heard of it yet.
	Unknown Result = "unknown"
	// Dropped: it will never be written, since it makes no sense, or the token is none of the gateway's policy.
	Dropped Result = "dropped"
)
