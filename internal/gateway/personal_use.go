// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

// countUse is a part of step 9: who still uses what personal credentials.
func (h *Handler) countUse(x *exchange) {
	if x.personal.class == "" {
		return
	}
	h.uses.Add(personaluse.Use{
		Class: string(x.personal.class), Outcome: x.personal.outcome,
		Client: clientFamily(x.request.Header.Get("User-Agent")), Path: pathFamily(x.segments),
	}, answeredUser(x.jiraUser), x.credential.user, h.clock.Now())
}

// answeredUser is whom Jira took a caller for; empty: for nobody.
func answeredUser(header string) string {
	name, err := url.QueryUnescape(header)
	if err != nil || grant.SameUser(name, anonymousUser) {
		return ""
	}
	return bounded(name, maxAuditField)
}

// serveUse answers those who are in the pod: `kubectl port-forward` is, other pods are not. The port is open to all
// namespaces for the metrics, and who works with what at Jira is not for all of them to read.
func (h *Handler) serveUse(w http.ResponseWriter, r *http.Request) {
	peer := peerAddress(r.RemoteAddr)
	if peer != netip.IPv6Loopback() && peer != netip.AddrFrom4([4]byte{127, 0, 0, 1}) { // others of 127/8 are a mesh's sidecar
		http.Error(w, "only to be had through kubectl port-forward; kubectl apitoken usage does that", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if err := json.NewEncoder(w).Encode(h.uses.Report()); err != nil {
		h.log.V(1).Info("the report of personal credentials could not be written", "reason", err.Error())
	}
}
