// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// maxFormBytes bounds what is held in memory of one form. Jira's REST API takes JSON; forms are small.
	maxFormBytes = 128 << 10
	// maxFormsBytes bounds what is held of all forms at once. Signing a form takes up to twenty times of it for a moment,
	// but waits for nothing meanwhile, so that happens to about as many forms as there are processors.
	maxFormsBytes = 8 << 20
	// maxPersonalFormBytes is larger: Jira's own pages send issues as forms.
	maxPersonalFormBytes  = 512 << 10
	maxPersonalFormsBytes = 64 << 20
	// formPatience is how long a client may take to send a form, which is held meanwhile.
	formPatience = 10 * time.Second
	// formRetryAfter is in seconds.
	formRetryAfter = 1
)

const formType = "application/x-www-form-urlencoded"

// isForm tells whether Jira would read parameters from the body. checkContentType has made sure that there is only one
// way to write it.
func isForm(header http.Header) bool {
	return strings.EqualFold(mediaTypeOf(header), formType)
}

// mediaTypeOf leaves white space other than HTTP's own where it is: whether others take it off can't be known.
func mediaTypeOf(header http.Header) string {
	mediaType, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	return strings.Trim(mediaType, " \t")
}

// checkContentType refuses content types that make the parameters of a query or a form mean something else to Jira than
// to the gateway: almost-forms, forms in an encoding, and character sets in which other bytes than ASCII's are letters.
// The latter count for a GET too: with useBodyEncodingForURI, which Jira ships, Tomcat decodes the query by them.
func checkContentType(header http.Header) *Refusal {
	contentType := strings.ToLower(header.Get("Content-Type"))
	if contentType == "" {
		return nil
	}
	if strings.Contains(contentType, "x-www-form-urlencoded") {
		if !isForm(header) {
			return refuse(http.StatusBadRequest, reasonBody, "the Content-Type is not quite "+formType+
				"; write it without anything before or after it, but for a charset after a semicolon")
		}
		if len(header["Content-Encoding"]) > 0 {
			return refuse(http.StatusBadRequest, reasonBody, "a form can't have a Content-Encoding; send it plainly")
		}
	}
	if !hasPlainCharset(contentType) {
		return refuse(http.StatusUnsupportedMediaType, reasonBody,
			"the Content-Type has a charset other than UTF-8, US-ASCII and ISO-8859-1; send UTF-8")
	}
	return nil
}

// hasPlainCharset looks at all that could be taken for a charset parameter, wherever it stands: Tomcat searches the
// header's text for it. The text is in lower case.
func hasPlainCharset(contentType string) bool {
	for {
		_, after, found := strings.Cut(contentType, "charset")
		if !found {
			return true
		}
		value, ok := strings.CutPrefix(strings.TrimLeft(after, " \t"), "=")
		if !ok {
			return false
		}
		value, contentType, _ = strings.Cut(value, ";")
		value = strings.Trim(value, " \t")
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		switch value {
		case "utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin1":
		default:
			return false
		}
	}
}

// forms are all forms of tokens' requests that are held in memory in this process. Those with personal credentials have
// room of their own: anybody can send them, and they must not keep tokens from working.
var (
	forms         = newFormStore(maxFormBytes, maxFormsBytes, formPatience)
	personalForms = newFormStore(maxPersonalFormBytes, maxPersonalFormsBytes, formPatience)
)

// readForm reads a form, once the request is authorised, and judges its parameters as those of the query. Other bodies
// are not looked into for tokens that leaked: they are streamed, of any size, and a token in an issue's text is no way to
// present it.
func readForm(body *timedBody, declared int64) ([]byte, *Refusal) {
	form, refusal := forms.read(body, declared)
	if refusal != nil {
		return nil, refusal
	}
	return form, checkForm(string(form))
}

// formStore bounds the memory that forms take, and how long each may take to come.
type formStore struct {
	most     int64 // bytes of one form
	room     atomic.Int64
	patience time.Duration
}

func newFormStore(most, room int64, patience time.Duration) *formStore {
	s := &formStore{most: most, patience: patience}
	s.room.Store(room)
	return s
}

// reserve takes room, and returns what gives it back; nil: there is none.
func (s *formStore) reserve(size int64) (release func()) {
	if s.room.Add(-size) < 0 {
		s.room.Add(size)
		return nil
	}
	return func() { s.room.Add(size) }
}

// read holds the room until the request is finished: so long the form is kept, to be sent.
func (s *formStore) read(body *timedBody, declared int64) ([]byte, *Refusal) {
	size := declared
	switch {
	case declared > s.most:
		return nil, formTooLarge(s.most)
	case declared < 0:
		size = s.most
	}
	release := s.reserve(size)
	if release == nil {
		return nil, &Refusal{
			Status: http.StatusServiceUnavailable, Reason: reasonOverload, RetryAfter: formRetryAfter, Close: true,
			Message: "the gateway holds too many forms just now; try again, or send JSON",
		}
	}
	body.holds(release)
	body.endAt(time.Now().Add(s.patience))
	var form bytes.Buffer
	form.Grow(int(min(size, s.most)) + bytes.MinRead)
	_, err := form.ReadFrom(io.LimitReader(body, s.most+1))
	switch {
	case errors.Is(err, errBodyIdle):
		return nil, bodyTimeout()
	case err != nil:
		return nil, brokenBody()
	case int64(form.Len()) > s.most:
		return nil, formTooLarge(s.most)
	}
	return form.Bytes(), nil
}

func checkForm(encoded string) *Refusal {
	if strings.Count(encoded, "&") >= maxParameters {
		return refuse(http.StatusBadRequest, reasonParameter, fmt.Sprintf("more than %d form parameters", maxParameters))
	}
	if refusal := checkParameters(encoded, "form"); refusal != nil {
		return refusal
	}
	if holdsToken(encoded) {
		return refuse(http.StatusBadRequest, reasonLeaked, "a token stands in the form, where Jira would keep it: "+
			"treat it as leaked and rotate it. Send it as Authorization: Bearer <token>")
	}
	return nil
}

func formTooLarge(most int64) *Refusal {
	return &Refusal{
		Status: http.StatusRequestEntityTooLarge, Reason: reasonBody, Close: true,
		Message: fmt.Sprintf("a form can't be larger than %d bytes; send JSON, or multipart for attachments", most),
	}
}

func brokenBody() *Refusal {
	return &Refusal{
		Status: http.StatusBadRequest, Reason: reasonBody, Close: true,
		Message: "the request's body could not be read; is something wrong with its chunks or its length?",
	}
}

func bodyTimeout() *Refusal {
	return &Refusal{
		Status: http.StatusRequestTimeout, Reason: reasonBodyTime, Close: true,
		Message: "nothing of the request's body came for too long, or a form as a whole took too long",
	}
}
