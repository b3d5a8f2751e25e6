// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"mime"
	"net/http"
	"strings"
)

// linkRewriter makes the links in Jira's JSON answers lead through the gateway, where clients call it by another URL than
// Jira's own: clients follow `self`, and would call Jira itself.
type linkRewriter struct{ edits []linkEdit }

// linkEdit replaces what a string begins with.
type linkEdit struct{ from, to string }

// followed is what links lead to that tokens reach. Others, such as those to an issue's page, are for people, who don't come
// through the gateway; and the less is replaced, the less of what people wrote can be meant.
var followed = []string{"/rest/", "/secure/attachment/", "/secure/thumbnail/", "/secure/useravatar", "/secure/projectavatar"}

// newLinkRewriter returns nil if there is nothing to do.
func newLinkRewriter(baseURL, publicURL string) *linkRewriter {
	if baseURL == publicURL || strings.ContainsAny(publicURL, "\"\\") {
		return nil
	}
	l := &linkRewriter{}
	for _, path := range followed {
		from, to := baseURL+path, publicURL+path
		l.edits = append(l.edits, linkEdit{from, to}, linkEdit{escapedSlashes(from), escapedSlashes(to)})
	}
	return l
}

// escapedSlashes is another way to write a URL in JSON, which some apps of Jira's have.
func escapedSlashes(url string) string { return strings.ReplaceAll(url, "/", `\/`) }

// prepare asks Jira for what can be rewritten: the whole of it, and not compressed.
func (l *linkRewriter) prepare(segments []string, header http.Header) {
	if l == nil || !isRest(segments) {
		return
	}
	header["Accept-Encoding"] = []string{"identity"}
	delete(header, "Range")
	delete(header, "If-Range")
}

// rewrite changes an answer on its way, without holding it.
func (l *linkRewriter) rewrite(answer *http.Response, segments []string) {
	if l == nil || !isRest(segments) {
		return
	}
	switch {
	case answer.StatusCode == http.StatusNotModified:
		weaken(answer.Header)
	case answer.StatusCode == http.StatusPartialContent, len(answer.Header["Content-Encoding"]) > 0, !isJSON(answer.Header):
		return
	default:
		weaken(answer.Header)
		for _, name := range [...]string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"} {
			delete(answer.Header, name)
		}
		answer.ContentLength = -1
		answer.Body = newLinkReader(answer.Body, l.edits)
	}
}

func isJSON(header http.Header) bool {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := parameters["charset"]
	return err == nil && mediaType == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// weaken: the bytes are not those any more that Jira's validator stands for.
func weaken(header http.Header) {
	for i, tag := range header["Etag"] {
		if strings.HasPrefix(tag, `"`) {
			header["Etag"][i] = "W/" + tag
		}
	}
}
