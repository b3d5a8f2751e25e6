// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

// NewAdminHandler serves /metrics, /healthz, /readyz and, to the pod itself, who still uses what personal credentials, for a
// port of its own. Nothing there knows a token or a hash.
func NewAdminHandler(h *Handler, gatherer prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET "+personaluse.Path, h.serveUse)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if problem := h.unready(); problem != "" {
			http.Error(w, problem, http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})
	return mux
}

// unready says why no new connections should come, or nothing.
func (h *Handler) unready() string {
	s := h.settings.Load()
	switch {
	case h.draining.Load():
		return "draining"
	case s == nil:
		return "no configuration yet"
	case s.lacks() != "":
		return "misconfigured: " + s.lacks()
	case s.accessTokens.awaited():
		return "no access token for the service account was asked for yet"
	case !h.freshness.Ready():
		return "no tokens read yet"
	case h.freshness.Age(h.clock.Now()) > s.maxStaleness:
		return "stale: the Kubernetes API has not been reached for longer than maxStaleness"
	}
	return ""
}
