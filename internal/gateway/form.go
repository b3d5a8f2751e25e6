// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxFormBytes bounds what is held in memory of a form. Jira's REST API takes JSON; forms are small.
const maxFormBytes = 1 << 20

// isForm tells whether Jira would read parameters from the body.
func isForm(header http.Header) bool {
	mediaType, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	mediaType, _, _ = strings.Cut(mediaType, ",")
	return strings.EqualFold(strings.TrimSpace(mediaType), "application/x-www-form-urlencoded")
}

// readForm reads a form, once the request is authorised, and judges its parameters as those of the query.
func readForm(body io.Reader, declared int64) ([]byte, *Refusal) {
	tooLarge := &Refusal{
		Status: http.StatusRequestEntityTooLarge, Reason: reasonBody, Close: true,
		Message: fmt.Sprintf("a form can't be larger than %d bytes; send JSON, or multipart for attachments", maxFormBytes),
	}
	if declared > maxFormBytes {
		return nil, tooLarge
	}
	form, err := io.ReadAll(io.LimitReader(body, maxFormBytes+1))
	switch {
	case errors.Is(err, errBodyIdle):
		return nil, bodyTimeout()
	case err != nil:
		return nil, &Refusal{
			Status: http.StatusBadRequest, Reason: reasonBody, Close: true, Message: "the request's body could not be read",
		}
	case len(form) > maxFormBytes:
		return nil, tooLarge
	}
	encoded := string(form)
	if strings.Count(encoded, "&") >= maxParameters {
		return nil, refuse(http.StatusBadRequest, reasonParameter, fmt.Sprintf("more than %d form parameters", maxParameters))
	}
	if refusal := checkParameters(encoded, "form"); refusal != nil {
		return nil, refusal
	}
	if holdsToken(encoded) {
		return nil, refuse(http.StatusBadRequest, reasonLeaked, "a token stands in the form, where Jira would keep it: "+
			"treat it as leaked and rotate it. Send it as Authorization: Bearer <token>")
	}
	return form, nil
}

func bodyTimeout() *Refusal {
	return &Refusal{
		Status: http.StatusRequestTimeout, Reason: reasonBodyTime, Close: true,
		Message: "nothing of the request's body came for too long",
	}
}
