// SPDX-License-Identifier: Apache-2.0

package reporter

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// useAll uses so many tokens once each, and says which.
func (m *manager) useAll(n int, agent string) map[string]bool {
	tokens := map[string]bool{}
	for range n {
		token := uuid.NewString()
		tokens[token] = true
		m.table.Used(token, activity.Seen{At: m.clock.Now().Unix(), UserAgent: agent}, m.clock.Now())
	}
	return tokens
}

// TestWhatIsNeverWrittenKeepsNobodyOut: tokens whose status can't be written, and that were used first, more than a report has
// room for, do not keep those out that can be; also if an answer was lost, so that they have to be told as they were.
func TestWhatIsNeverWrittenKeepsNobodyOut(t *testing.T) {
	for name, lost := range map[string]bool{"told later": false, "an answer was lost": true} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t)
			stuck := m.useAll(activity.MaxUses+500, "")
			m.later()
			if lost {
				m.answer = func(http.ResponseWriter, *activity.Report) { panic(http.ErrAbortHandler) }
				m.reporter.round(t.Context())
				m.reporter.round(t.Context())
				if len(m.reports[1].Uses) != activity.MaxUses || len(m.reporter.unsure) != activity.MaxUses {
					t.Errorf("%d uses are told again, %d are unsure", len(m.reports[1].Uses), len(m.reporter.unsure))
				}
			}
			good := m.useAll(10, "")
			m.answer = func(w http.ResponseWriter, report *activity.Report) {
				var answer activity.Answer
				for i := range report.Uses {
					token, result := string(report.Uses[i].Token), activity.Written
					if stuck[token] {
						result = activity.Later
					}
					delete(good, token)
					answer.Results = append(answer.Results, result)
				}
				_ = json.NewEncoder(w).Encode(answer)
			}
			for range 6 {
				m.later()
				m.reporter.round(t.Context())
			}
			if len(good) != 0 {
				t.Errorf("%d tokens that could be written were never told", len(good))
			}
			if n := m.table.Unreported(); n != len(stuck) {
				t.Errorf("%d tokens are unreported, not %d", n, len(stuck))
			}
			m.answer = m.write
			for range 6 {
				m.later()
				m.reporter.round(t.Context())
			}
			if n := m.table.Unreported(); n != 0 || m.counted < int64(len(stuck)) {
				t.Errorf("%d tokens are unreported, %d requests counted", n, m.counted)
			}
		})
	}
}

// TestLaterIsNoReasonToHurry: a manager that answers at once that it can't write is not asked again in the same second.
func TestLaterIsNoReasonToHurry(t *testing.T) {
	m := newManager(t)
	m.answer = func(w http.ResponseWriter, r *activity.Report) { m.results(w, r, activity.Later) }
	m.use(1)
	m.later()
	if wait := m.reporter.round(t.Context()); wait < rest/2 {
		t.Errorf("asks again after %s", wait)
	}
	m.reports = nil
	m.reporter.finish(t.Context())
	if len(m.reports) != lastAttempts {
		t.Errorf("%d attempts in the end", len(m.reports))
	}
}

// TestLongUsesTakeMoreReports, as the manager takes none that is longer than it may be.
func TestLongUsesTakeMoreReports(t *testing.T) {
	m := newManager(t)
	m.useAll(activity.MaxUses, strings.Repeat("<", 256)) // each of them is six bytes in JSON
	m.clock.SetTime(m.clock.Now().Add(time.Minute))
	for range 3 {
		m.reporter.round(t.Context())
	}
	if len(m.reports) != 2 || len(m.reports[0].Uses)+len(m.reports[1].Uses) != activity.MaxUses || m.counted != activity.MaxUses {
		t.Errorf("%d reports; %d requests are counted", len(m.reports), m.counted)
	}
}
