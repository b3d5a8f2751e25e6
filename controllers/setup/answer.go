// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// heldAnswer is an answer that is sent later.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// ask gives a hook's answer to a body that was read.
func ask(hook http.Handler, request *http.Request, body *bytes.Buffer) *heldAnswer {
	answer := &heldAnswer{header: http.Header{}, status: http.StatusOK}
	whole := request.WithContext(request.Context())
	whole.Body = http.NoBody
	if body.Len() > 0 {
		whole.Body = io.NopCloser(body)
	}
	hook.ServeHTTP(answer, whole)
	return answer
}

// Header implements http.ResponseWriter.
func (a *heldAnswer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *heldAnswer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *heldAnswer) Write(p []byte) (int, error) { return a.body.Write(p) }

// send is over once the answer is sent, or its time.
func (a *heldAnswer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(a.status)
	_, _ = a.body.WriteTo(w)
	_ = http.NewResponseController(w).Flush()
}

// refuse answers at once. The API server's client asks again after the time that it is told, within the webhook's.
func refuse(w http.ResponseWriter, request *http.Request, status refusal) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	if request.ProtoMajor > 1 { // where a stream ends alone
		w.WriteHeader(int(status))
		return
	}
	w.Header().Set("Connection", "close")
	w.WriteHeader(int(status))
	_ = http.NewResponseController(w).SetReadDeadline(time.Now()) // what is left of the request would be waited for
}
