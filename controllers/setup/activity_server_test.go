// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// activityAt serves as for reports, without TLS, and gives the address.
func activityAt(t *testing.T, recorder http.HandlerFunc) string {
	t.Helper()
	var network net.ListenConfig
	listener, err := network.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := activityHTTP(recorder)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

// sent sends a request as it is and gives the connection. Reading from it fails long before the server gives a slow request up.
func sent(t *testing.T, address, request string) (net.Conn, *bufio.Reader) {
	t.Helper()
	var dialer net.Dialer
	c, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(8 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewReader(c)
}

// TestStrangersKeepNoConnection: whoever is refused is told at once, also if the request never ends, and the connection ends.
func TestStrangersKeepNoConnection(t *testing.T) {
	address := activityAt(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who?", http.StatusUnauthorized) })
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"a whole request":           {"POST " + use.Path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", http.StatusUnauthorized},
		"a body that does not come": {"POST " + use.Path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", http.StatusUnauthorized},
		"a huge one":                {"POST " + use.Path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n", http.StatusUnauthorized},
		"one in chunks": {
			"POST " + use.Path + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", http.StatusUnauthorized,
		},
		"another path":           {"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", http.StatusNotFound},
		"another path, and body": {"POST /" + use.Path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n", http.StatusNotFound},
		"no path":                {"OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n", http.StatusNotFound},
	} {
		_, reader := sent(t, address, c.request)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != c.status || !response.Close {
			t.Errorf("%s: %v %v", name, response, err)
			continue
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if _, err := reader.ReadByte(); err == nil || isTimeout(err) {
			t.Errorf("%s: the connection is still open: %v", name, err)
		}
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error) //nolint:errorlint // as connections return it
	return ok && timeout.Timeout()
}

// TestGatewaysKeepTheirConnection from one report to the next, and a report can be held for longer than it may take to come.
func TestGatewaysKeepTheirConnection(t *testing.T) {
	address := activityAt(t, func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		if err := control.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err) // the recorder has to be able to
		}
		text, err := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %v", text, err)
	})
	c, reader := sent(t, address, "")
	for range 3 {
		if _, err := io.WriteString(c, "POST "+use.Path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != http.StatusOK || response.Close {
			t.Fatal(response, err)
		}
		if text, err := io.ReadAll(response.Body); string(text) != "{} <nil>" {
			t.Errorf("%s %v", text, err)
		}
		_ = response.Body.Close()
	}
}

// TestEveryPhaseEnds: nothing that a stranger may begin is without an end.
func TestEveryPhaseEnds(t *testing.T) {
	s := activityHTTP(http.NotFoundHandler())
	for name, d := range map[string]time.Duration{
		"headers": s.ReadHeaderTimeout, "request": s.ReadTimeout, "answer": s.WriteTimeout, "pause": s.IdleTimeout,
	} {
		if d <= 0 || d > time.Minute {
			t.Errorf("%s: %s", name, d)
		}
	}
}
