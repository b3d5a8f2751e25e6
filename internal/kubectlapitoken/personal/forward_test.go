// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/personaluse"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

// kubelet is an API server that forwards to the ports of this machine in place of pods.
func kubelet(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/pods/forbidden/"):
		http.Error(w, `pods "forbidden" is forbidden: User "bob" cannot create resource "pods/portforward"`, http.StatusForbidden)
	case !strings.HasPrefix(r.URL.Path, "/api/v1/namespaces/jira-gateway/pods/") || path.Base(r.URL.Path) != "portforward":
		http.Error(w, r.URL.Path, http.StatusTeapot)
	case r.Header.Get("Upgrade") == "websocket": // as API servers before 1.31
		http.Error(w, "SPDY is needed", http.StatusBadRequest)
	default:
		serveStreams(w, r)
	}
}

func serveStreams(w http.ResponseWriter, r *http.Request) {
	if _, err := httpstream.Handshake(r, w, []string{portforward.PortForwardProtocolV1Name}); err != nil {
		return
	}
	streams := make(chan httpstream.Stream, 2)
	conn := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(s httpstream.Stream, _ <-chan struct{}) error {
		streams <- s
		return nil
	})
	if conn == nil {
		return
	}
	defer conn.Close()
	failure, data := <-streams, <-streams
	to, err := net.Dial("tcp", "127.0.0.1:"+data.Headers().Get(corev1.PortHeader))
	if err != nil {
		fmt.Fprintf(failure, "an error occurred forwarding: %v", err)
		_ = failure.Close()
		_ = data.Close()
		<-conn.CloseChan()
		return
	}
	go func() { <-conn.CloseChan(); _ = to.Close() }()
	go func() { _, _ = io.Copy(to, data) }()
	_, _ = io.Copy(data, to)
	_ = data.Close()
	_ = failure.Close()
	<-conn.CloseChan()
}

// gatewayPod is a pod whose port admin is answered by a handler.
func gatewayPod(t *testing.T, name string, handler http.HandlerFunc) *pod {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return &pod{
		NamespacedName: types.NamespacedName{Namespace: "jira-gateway", Name: name},
		port:           int32(server.Listener.Addr().(*net.TCPAddr).Port),
	}
}

func TestAskThroughTheAPIServer(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(kubelet))
	t.Cleanup(api.Close)
	closed := gatewayPod(t, "closed", nil)
	closed.port = 1
	for name, tc := range map[string]struct {
		pod  *pod
		says string
	}{
		"counts": {gatewayPod(t, "counts", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != personaluse.Path || r.Method != http.MethodGet {
				http.Error(w, r.URL.Path, http.StatusTeapot)
				return
			}
			_ = json.NewEncoder(w).Encode(report{Since: noon, Entries: entries("alice", 3)})
		}), ""},
		"old":       {gatewayPod(t, "old", http.NotFound), "its gateway is of an older version"},
		"forbidden": {gatewayPod(t, "forbidden", nil), "you may not create pods/portforward in namespace jira-gateway"},
		"closed":    {closed, "its port is closed, or it went away: an error occurred forwarding"},
		"broken": {gatewayPod(t, "broken", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<html>")
		}), "its answer can't be read"},
		"refuses": {gatewayPod(t, "refuses", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "not you", http.StatusForbidden)
		}), "it answered 403 Forbidden: not you"},
		"hangs": {gatewayPod(t, "hangs", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), "it did not answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			wait := 10 * time.Second
			if name == "hangs" {
				wait = 100 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			got, err := ask(ctx, &rest.Config{Host: api.URL}, tc.pod)
			switch {
			case tc.says == "" && (err != nil || fmt.Sprint(got) != fmt.Sprint(report{Since: noon, Entries: entries("alice", 3)})):
				t.Errorf("%v %v", got, err)
			case tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("%v, want %s", err, tc.says)
			}
		})
	}
}

// TestAskAGateway: one that runs answers to who comes by a forwarded port.
func TestAskAGateway(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(kubelet))
	t.Cleanup(api.Close)
	gateway := gatewaytest.Start(t, gatewaytest.Options{
		JiraURL: "http://127.0.0.1:1/jira", BaseURL: "https://jira.example/jira",
		Edit: func(c *gatewayconfig.Config) { c.Personal = &gatewayconfig.Personal{} },
	})
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+gateway.Address+"/jira/rest/api/2/search", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth("alice", "pw")
	if _, err := http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	gateway.TakeAudit(t, 1)
	got, err := ask(t.Context(), &rest.Config{Host: api.URL}, gatewayPod(t, "gateway", gateway.Admin.ServeHTTP))
	want := personaluse.Use{Class: "basic", Outcome: "refused", Client: "Go-http-client", Path: "/rest/api/2/search"}
	if err != nil || got.Since.IsZero() || len(got.Entries) != 1 || got.Entries[0].Use != want || got.Entries[0].Count != 1 {
		t.Errorf("%+v %v", got, err)
	}
}
