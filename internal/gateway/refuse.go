// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"time"
)

// smallBody and smallBodyPatience: a refused body is thrown away to keep the connection if it is small and comes at once.
const (
	smallBody         = 64 << 10
	smallBodyPatience = time.Second
)

// refuse answers without waiting for a body that may never be sent. net/http alone would wait for it, unless the connection
// ends with the answer.
func (x *exchange) refuse(w *response) {
	switch length := x.request.ContentLength; {
	case x.body == nil:
	case length > 0 && length <= smallBody:
		_ = w.control.SetReadDeadline(time.Now().Add(min(smallBodyPatience, w.idle/2))) // the answer has its deadline too
	default:
		x.refusal.Close = true
	}
	x.writeRefusal(w)
}

// writeRefusal sends the refusal, and with it what the token's rate limit leaves.
func (x *exchange) writeRefusal(w http.ResponseWriter) {
	if !x.refusal.Rate.limited() {
		x.refusal.Rate = x.rate
	}
	x.refusal.write(w, &x.request)
}
