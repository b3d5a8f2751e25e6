// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	maxHeaderBytes = 16 << 10
	// maxParameters bounds the work that a query or a form makes.
	maxParameters = 10_000
)

// knownMethods are those that Jira's REST API has. CONNECT and TRACE are not among them, nor what WebDAV knows.
var knownMethods = []string{
	http.MethodGet, http.MethodHead, http.MethodOptions,
	http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

// checkBounds is step 1.
func checkBounds(r *Request) *Refusal {
	if !slices.Contains(knownMethods, r.Method) {
		refusal := refuse(http.StatusMethodNotAllowed, reasonMethod,
			"this method is not allowed; allowed are "+strings.Join(knownMethods, ", "))
		refusal.Close = true
		return refusal
	}
	if asksForUpgrade(r.Header) {
		refusal := refuse(http.StatusBadRequest, reasonUpgrade,
			"upgrading the connection (Upgrade, HTTP2-Settings) is not possible through this gateway")
		refusal.Close = true
		return refusal
	}
	if headerBytes(r) > maxHeaderBytes {
		return refuse(http.StatusRequestHeaderFieldsTooLarge, reasonHeaders, fmt.Sprintf(
			"request line and headers are larger than %d bytes; is it a long JQL query? POST it to /rest/api/2/search",
			maxHeaderBytes))
	}
	if strings.Count(r.RawQuery, "&") >= maxParameters {
		return refuse(http.StatusBadRequest, reasonParameter, fmt.Sprintf("more than %d query parameters", maxParameters))
	}
	return checkHeaders(r.Header)
}

// checkHeaders refuses what two servers could read in two ways.
func checkHeaders(header http.Header) *Refusal {
	for _, name := range []string{"Authorization", "Content-Type"} {
		if len(header[name]) > 1 {
			return refuse(http.StatusBadRequest, reasonAmbiguous, "more than one "+name+" header; send one")
		}
	}
	return nil
}

func asksForUpgrade(header http.Header) bool {
	for name := range header {
		if sameHeader(name, "upgrade") || sameHeader(name, "http2-settings") {
			return true
		}
	}
	for _, line := range header["Connection"] {
		for option := range strings.SplitSeq(line, ",") {
			option = strings.TrimSpace(option)
			if strings.EqualFold(option, "Upgrade") || strings.EqualFold(option, "HTTP2-Settings") {
				return true
			}
		}
	}
	return false
}

// headerBytes counts as Tomcat does: request line, and each header with its colon, space and line end.
func headerBytes(r *Request) int {
	n := len(r.Method) + len(r.Target) + len(" ") + len(" HTTP/1.1\r\n") + len("Host: \r\n") + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + len(value) + len(": \r\n")
		}
	}
	return n
}
