// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// send stamps Jira's headers on a reply and writes it.
func (c *call) send(r reply) {
	r.content()
	h := c.w.Header()
	c.stamp(h)
	maps.Copy(h, r.header)
	maps.Copy(h, c.fault.Header)
	w := &noted{ResponseWriter: c.w, c: c}
	if c.fault.stalls(w, c) {
		return
	}
	if r.stream != nil {
		r.stream(w, c.r)
		return
	}
	c.write(w, r)
}

func (c *call) write(w http.ResponseWriter, r reply) {
	h := w.Header()
	if c.fault.Rewrite != nil {
		r.raw = c.fault.Rewrite(c.r, r.raw)
	}
	if len(r.raw) > 0 {
		h.Set("Content-Type", r.contentType)
		h.Add("Vary", "Accept-Encoding")
		if acceptsGzip(c.r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			r.raw = gzipped(r.raw)
		}
	}
	if r.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(r.raw)))
	}
	w.WriteHeader(r.status)
	_, _ = w.Write(r.raw) // the caller may be gone; there is nobody to tell
}

// stamp sets what every answer of Jira's carries, and the cookies of a new session.
func (c *call) stamp(h http.Header) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.mintSession()
	now := c.s.now().UTC()
	h.Set("X-AREQUESTID", fmt.Sprintf("%dx%dx1", now.Hour()*60+now.Minute(), c.s.requests))
	h.Set("X-ANODEID", cmp.Or(c.node(), "node1"))
	if c.who.session != "" {
		h.Set("X-ASESSIONID", strings.ToLower(c.who.session[:min(7, len(c.who.session))]))
	}
	if !c.fault.OmitUserName {
		h.Set("X-AUSERNAME", c.userNameHeader())
	}
	setIf(h, "X-Seraph-LoginReason", c.who.reason)
	setIf(h, "X-Authentication-Denied-Reason", c.who.denied)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("Cache-Control", "no-cache, no-store, no-transform")
	for _, cookie := range c.who.cookies {
		h.Add("Set-Cookie", cookie.String())
	}
}

// userNameHeader is URL-encoded as java.net.URLEncoder does.
func (c *call) userNameHeader() string {
	if c.who.user == nil {
		return "anonymous"
	}
	return strings.NewReplacer("~", "%7E", "%2A", "*").Replace(url.QueryEscape(c.who.user.Name))
}

func setIf(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// acceptsGzip: the coding is named and not switched off by q=0.
func acceptsGzip(accept string) bool {
	for item := range strings.SplitSeq(accept, ",") {
		coding, quality, _ := strings.Cut(strings.ReplaceAll(item, " ", ""), ";")
		if strings.EqualFold(coding, "gzip") {
			q, err := strconv.ParseFloat(strings.TrimPrefix(quality, "q="), 64)
			return err != nil || q > 0
		}
	}
	return false
}

func gzipped(raw []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(raw) // a bytes.Buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

// noted writes down what is decided before the first byte leaves, so that a test that has its answer can rely on it.
type noted struct {
	http.ResponseWriter
	c    *call
	done bool
}

func (n *noted) WriteHeader(status int) {
	if !n.done {
		n.done = true
		n.c.rec.decide(n.c.who.userName(), n.c.who.via, status)
	}
	n.ResponseWriter.WriteHeader(status)
}

func (n *noted) Write(p []byte) (int, error) {
	if !n.done {
		n.WriteHeader(http.StatusOK)
	}
	return n.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }
