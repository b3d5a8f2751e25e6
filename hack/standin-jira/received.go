// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// withReceived adds <context path>/_received, which is ours and not Jira's, in front of the server. It goes by the
// exact target, so that no other spelling of a path is taken away from Jira.
func withReceived(jira *jiratest.Server, contextPath string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != contextPath+"/_received" {
			jira.ServeHTTP(w, r)
			return
		}
		switch r.Method {
		case http.MethodGet:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(jira.Received()) // the caller may be gone; there is nobody to tell
		case http.MethodDelete:
			jira.Reset()
			w.WriteHeader(http.StatusNoContent)
		default:
			w.Header().Set("Allow", "GET, DELETE")
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}
