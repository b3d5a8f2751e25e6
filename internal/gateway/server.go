// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"log"
	"net/http"
	"time"
)

const (
	readHeaderTimeout = 10 * time.Second
	idleTimeout       = 2 * time.Minute
)

// NewServer makes the server for clients, with the bounds of step 1. It has no read or write time-out as a whole: bodies
// may take as long as they need, as long as something moves.
func NewServer(h *Handler, addr string) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Addr: addr, Handler: h,
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         protocols,
		ErrorLog:          log.New(logWriter{h.log}, "", 0),
		// OPTIONS * goes through the path step like everything else.
		DisableGeneralOptionsHandler: true,
	}
}
