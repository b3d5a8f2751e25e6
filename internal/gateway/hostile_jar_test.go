// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"testing"
)

// TestAClientWithACookieJarKeepsWorking: what Jira answers to a first request must not spoil the second one.
func TestAClientWithACookieJarKeepsWorking(t *testing.T) {
	b := newBench(t)
	b.setPersonal(true, "basic: Allow", "parameters: Allow", "anonymous: Allow", "session: BrowserOnly", "login: Allow")
	const search = "/jira/rest/api/2/serverInfo"
	for name, tc := range map[string][2]attempt{
		"anonymous":            {{"GET", search, "", nil}, {"GET", search, "", nil}},
		"token, once asked":    {{"GET", myself, "", nil}, {"GET", myself, "", []string{bearer(b.issue("alice", []string{"read"}))}}},
		"password, once asked": {{"GET", myself, "", nil}, {"GET", myself, "", []string{"Authorization: " + basic("alice", "pw-alice")}}},
	} {
		first := b.try(tc[0])
		if cookies := cookiesOf(first); strings.Contains(cookies, "=") {
			tc[1].lines = append(tc[1].lines, cookies)
		}
		if a := b.try(tc[1]); a.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
}
