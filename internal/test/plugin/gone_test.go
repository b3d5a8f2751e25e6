// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

// forgetful is the API server behind a proxy that answers the first watch, and the first further page of a list, as the API server
// does once etcd has dropped what came between: 410 Gone.
type forgetful struct {
	kubeconfig   string
	pages, watch atomic.Int32
}

func newForgetful(t *testing.T) *forgetful {
	t.Helper()
	target, err := url.Parse(plane.Config.Host)
	must(t, err)
	transport, err := rest.TransportFor(plane.Config) // an administrator's
	must(t, err)
	proxy := &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) },
	}
	f := &forgetful{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		gone := metav1.Status{
			TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Code: http.StatusGone,
			Reason: metav1.StatusReasonExpired, Message: "too old", ListMeta: metav1.ListMeta{Continue: q.Get("continue")},
		}
		w.Header().Set("Content-Type", "application/json")
		switch {
		case q.Get("watch") != "" && f.watch.Add(1) == 1:
			object, _ := json.Marshal(gone)
			fmt.Fprintf(w, `{"type":"ERROR","object":%s}`+"\n", object)
		case q.Get("continue") != "" && f.pages.Add(1) == 1:
			w.WriteHeader(http.StatusGone)
			_ = json.NewEncoder(w).Encode(gone)
		default:
			w.Header().Del("Content-Type")
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.CloseClientConnections)
	f.kubeconfig = controlplane.Kubeconfig(t, &rest.Config{Host: server.URL})
	return f
}

// TestGone: what the API server has forgotten is read anew; nothing is told twice or left out.
func TestGone(t *testing.T) {
	p, namespace, f := newPolicy(t), plane.Namespace(t), newForgetful(t)
	for i := range selection.PageSize + 1 {
		newToken(t, p, namespace, fmt.Sprintf("t-%04d", i))
	}
	admin := &person{kubeconfig: f.kubeconfig}
	listed := admin.runs(t, "list", "-n", namespace, "-o", "name")
	if n := len(strings.Fields(listed.out)); listed.code != 0 || n != selection.PageSize+1 || f.pages.Load() != 2 {
		t.Errorf("%d tokens, %d further pages were asked for: %s", n, f.pages.Load(), listed.errOut)
	}

	w := startWatching(t, f.kubeconfig, "-n", namespace)
	newToken(t, p, namespace, "new")
	w.sees(t, "declared", namespace+"/new")
	if code := w.stop(); code != 0 || f.watch.Load() < 2 {
		t.Errorf("exit code %d, %d watches: %s", code, f.watch.Load(), w.errOut.String())
	}
	if out := w.out.String(); strings.Count(out, "\n") != 1 || strings.Contains(w.errOut.String(), "does not answer") {
		t.Errorf("have\n%s%s", out, w.errOut.String())
	}
}
