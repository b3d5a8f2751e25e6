// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"html"
	"net/http"
	"strconv"
)

// connector applies what Tomcat decides before Jira sees a request. Not empty: the message of its 400.
func (c *call) connector() string {
	if headerBytes(c.r) > c.s.config.MaxHeaderBytes {
		return "Request header is too large"
	}
	t, err := parseTarget(c.r.RequestURI)
	if err != nil {
		return err.Error()
	}
	c.target = t
	return ""
}

// headerBytes counts request line and headers as they were on the wire, up to optional white space, which net/http does
// not keep.
func headerBytes(r *http.Request) int {
	const crlf, colon = 2, 2
	n := len(r.Method) + 1 + len(r.RequestURI) + 1 + len(r.Proto) + crlf
	n += len("Host") + colon + len(r.Host) + crlf
	for _, coding := range r.TransferEncoding {
		n += len("Transfer-Encoding") + colon + len(coding) + crlf
	}
	for name, values := range r.Header {
		for _, value := range values {
			n += len(name) + colon + len(value) + crlf
		}
	}
	return n + crlf
}

// sendTomcat answers with Tomcat's own page: HTML, and none of Jira's headers.
func (c *call) sendTomcat(status int, message string) {
	title := "HTTP Status " + strconv.Itoa(status) + " – " + http.StatusText(status)
	page := `<!doctype html><html lang="en"><head><title>` + title + `</title></head><body><h1>` + title +
		`</h1><hr class="line" /><p><b>Type</b> Status Report</p><p><b>Message</b> ` + html.EscapeString(message) +
		`</p><hr class="line" /></body></html>`
	h := c.w.Header()
	h.Set("Content-Type", "text/html;charset=utf-8")
	h.Set("Content-Language", "en")
	h.Set("Content-Length", strconv.Itoa(len(page)))
	h.Set("Connection", "close")
	c.rec.decide("", "", status)
	c.w.WriteHeader(status)
	_, _ = c.w.Write([]byte(page))
}
