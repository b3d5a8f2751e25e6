// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

// maxReport bounds what is read of a gateway: its table is bounded too.
const maxReport = 16 << 20

// ask gets the report of one gateway through the API server, as kubectl port-forward does, but without a port on this
// machine that others could use.
func ask(ctx context.Context, config *rest.Config, p *pod) (report, error) {
	type result struct {
		report report
		err    error
	}
	conn := make(chan httpstream.Connection, 1)
	done := make(chan result, 1)
	go func() { // client-go's dialers take no context
		r, err := forward(config, p, conn)
		done <- result{r, err}
	}()
	select {
	case r := <-done:
		return r.report, r.err
	case <-ctx.Done():
		select {
		case c := <-conn:
			_ = c.Close()
		default:
		}
		return report{}, fmt.Errorf("it did not answer in time: %w", ctx.Err())
	}
}

func forward(config *rest.Config, p *pod, opened chan<- httpstream.Connection) (report, error) {
	conn, err := dial(config, p)
	switch {
	case apierrors.IsForbidden(err) || err != nil && strings.Contains(err.Error(), "forbidden"):
		return report{}, fmt.Errorf("you may not create pods/portforward in namespace %s: %w", p.Namespace, err)
	case err != nil:
		return report{}, fmt.Errorf("it can't be reached through the API server: %w", err)
	}
	opened <- conn
	defer conn.Close()
	data, failure, err := openStreams(conn, p.port)
	if err != nil {
		return report{}, err
	}
	return read(data, failure)
}

// dial goes by WebSocket, and by SPDY where an API server or a proxy knows no other way, as kubectl does.
func dial(config *rest.Config, p *pod) (httpstream.Connection, error) {
	address, err := forwardURL(config, p)
	if err != nil {
		return nil, err
	}
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	first, err := portforward.NewSPDYOverWebsocketDialerForStreaming(address, config)
	if err != nil {
		return nil, err
	}
	second := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	conn, _, err := portforward.NewFallbackDialerForStreaming(first, second, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}).Dial(portforward.PortForwardProtocolV1Name)
	return conn, err
}

func forwardURL(config *rest.Config, p *pod) (*url.URL, error) {
	api, err := corev1client.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return api.RESTClient().Post().Resource("pods").Namespace(p.Namespace).Name(p.Name).SubResource("portforward").URL(), nil
}

// openStreams opens the two that a forwarded connection has: for its bytes, and for what goes wrong at the other end.
func openStreams(conn httpstream.Connection, port int32) (data, failure httpstream.Stream, err error) {
	header := http.Header{}
	header.Set(corev1.PortHeader, strconv.Itoa(int(port)))
	header.Set(corev1.PortForwardRequestIDHeader, "0")
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	if failure, err = conn.CreateStream(header); err != nil {
		return nil, nil, fmt.Errorf("open a stream to it: %w", err)
	}
	_ = failure.Close() // nothing is written to it
	header.Set(corev1.StreamType, corev1.StreamTypeData)
	if data, err = conn.CreateStream(header); err != nil {
		return nil, nil, fmt.Errorf("open a stream to it: %w", err)
	}
	return data, failure, nil
}

func read(data, failure httpstream.Stream) (report, error) {
	failed := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(io.LimitReader(failure, 1<<10)) // what there is of it
		failed <- string(text)
	}()
	found, err := exchange(data)
	if err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return found, err
	}
	_ = data.Reset()
	if text := <-failed; text != "" {
		err = errors.New(text)
	}
	return report{}, fmt.Errorf("its port is closed, or it went away: %w", err)
}

// exchange asks over a connection to a gateway.
func exchange(conn io.ReadWriter) (found report, err error) {
	const request = "GET " + personaluse.Path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return found, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(conn, maxReport)), nil)
	if err != nil {
		return found, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return found, errors.New("its gateway is of an older version, which does not count this")
	default:
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // what there is of it
		return found, fmt.Errorf("it answered %s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		return found, fmt.Errorf("its answer can't be read: %w", err)
	}
	return found, nil
}
