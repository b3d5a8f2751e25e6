// SPDX-License-Identifier: Apache-2.0

// Package load is what the workload of the end-to-end tests does: it calls Jira through a gateway, without a pause and
// without a second try, looks at every answer, and keeps count.
package load

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// keptFailures is of how many failures all is told; all are counted.
const keptFailures = 20

// Report is what was asked so far, and what came of it.
type Report struct {
	// Requests counts all of them, failed ones too.
	Requests int64 `json:"requests"`
	// Failed counts those that were not answered as the token's owner.
	Failed int64 `json:"failed"`
	// Failures are the last ones.
	Failures []Failure `json:"failures,omitempty"`
	// Tokens are those that were found in the mounted file, in that order.
	Tokens []Token `json:"tokens,omitempty"`
	// Slowest is the longest time that a request took.
	Slowest time.Duration `json:"slowest"`
}

// Failure is one request that was not answered as it should have been.
type Failure struct {
	At         time.Time `json:"at"`
	Connection string    `json:"connection"`
	Problem    string    `json:"problem"`
}

// Token is one credential that the workload has used, by the id that anybody may know.
type Token struct {
	ID       string    `json:"id"`
	Since    time.Time `json:"since"`
	Requests int64     `json:"requests"`
}

// Since is what came after an earlier report of the same workload.
func (r *Report) Since(earlier *Report) *Report {
	later := *r
	later.Requests -= earlier.Requests
	later.Failed -= earlier.Failed
	if later.Failed < int64(len(later.Failures)) {
		later.Failures = later.Failures[int64(len(later.Failures))-later.Failed:]
	}
	return &later
}

// String is one line, and one more for each failure that is known.
func (r *Report) String() string {
	var lines strings.Builder
	fmt.Fprintf(&lines, "%d requests, %d failed, the slowest so far took %s", r.Requests, r.Failed, r.Slowest.Round(time.Millisecond))
	for _, f := range r.Failures {
		fmt.Fprintf(&lines, "\n  %s on a %s connection: %s", f.At.UTC().Format("15:04:05.000"), f.Connection, f.Problem)
	}
	return lines.String()
}

// count keeps a Report up to date.
type count struct {
	mu     sync.Mutex
	report Report
}

func (c *count) add(tokenID, connection string, took time.Duration, problem string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	c.report.Requests++
	c.report.Slowest = max(c.report.Slowest, took)
	c.token(tokenID, now).Requests++
	if problem == "" {
		return
	}
	c.report.Failed++
	c.report.Failures = append(c.report.Failures, Failure{At: now, Connection: connection, Problem: problem})
	if excess := len(c.report.Failures) - keptFailures; excess > 0 {
		c.report.Failures = c.report.Failures[excess:]
	}
}

func (c *count) token(id string, now time.Time) *Token {
	for i := range c.report.Tokens {
		if c.report.Tokens[i].ID == id {
			return &c.report.Tokens[i]
		}
	}
	c.report.Tokens = append(c.report.Tokens, Token{ID: id, Since: now})
	return &c.report.Tokens[len(c.report.Tokens)-1]
}

// Report is a copy.
func (c *count) Report() *Report {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.report
	r.Failures = append([]Failure(nil), r.Failures...)
	r.Tokens = append([]Token(nil), r.Tokens...)
	return &r
}
