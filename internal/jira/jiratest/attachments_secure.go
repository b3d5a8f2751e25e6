// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"net/url"
	"strconv"
)

// downloadAttachment is /secure/attachment/{id}/{name}: outside REST, so it sends browsers' ways of saying no, a
// redirect to the login page. The name must be the file's own.
func downloadAttachment(c *call) reply { return c.download("attachment") }

// downloadThumbnail serves the same bytes to be shown, which is enough to see how the path is treated.
func downloadThumbnail(c *call) reply { return c.download("inline") }

func (c *call) download(disposition string) reply {
	f, refusal := c.findFile(Browse)
	if refusal != nil && refusal.status == http.StatusNotFound {
		return page(http.StatusNotFound, "Attachment not found", "It has been deleted, or never was.")
	}
	if refusal != nil {
		return redirect(c.loginURL())
	}
	if c.args[1] != f.Name {
		return page(http.StatusNotFound, "Attachment not found", "There is no file of that name.")
	}
	body, created := f.content(), f.created
	return reply{
		header: http.Header{
			"Content-Type":        {f.MimeType},
			"Content-Disposition": {disposition + "; filename*=UTF-8''" + url.PathEscape(f.Name) + ";"},
			"Etag":                {`"` + itoa(f.ID) + "-" + strconv.FormatInt(f.Size, 36) + `"`},
			"Cache-Control":       {"private, max-age=31536000"},
		},
		stream: func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, f.Name, created, body) // ranges, If-None-Match and the like
		},
	}
}
