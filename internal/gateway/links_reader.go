// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"io"
)

// linkReader replaces what strings of a JSON text begin with. It holds one buffer, however long the text is.
type linkReader struct {
	io.Closer

	from  io.Reader
	edits []linkEdit

	raw      []byte // read and not looked at yet
	ready    []byte // to be handed out
	problem  error  // of from, when raw is used up
	inString bool
	escaped  bool // the next byte belongs to a backslash
	atStart  bool // the next byte is the first of a string
}

const linkBuffer = 8 << 10

func newLinkReader(body io.ReadCloser, edits []linkEdit) *linkReader {
	return &linkReader{Closer: body, from: body, edits: edits}
}

// Read implements io.Reader.
func (r *linkReader) Read(p []byte) (int, error) {
	for len(r.ready) == 0 {
		if r.problem != nil && len(r.raw) == 0 {
			return 0, r.problem
		}
		r.fill()
		r.digest()
	}
	n := copy(p, r.ready)
	r.ready = r.ready[n:]
	return n, nil
}

func (r *linkReader) fill() {
	if r.problem != nil {
		return
	}
	buffer := make([]byte, len(r.raw)+linkBuffer)
	n, err := r.from.Read(buffer[copy(buffer, r.raw):])
	r.raw, r.problem = buffer[:len(r.raw)+n], err
}

// digest moves what can be decided from raw to ready.
func (r *linkReader) digest() {
	out := make([]byte, 0, len(r.raw))
	done := 0
	for done < len(r.raw) {
		if r.atStart {
			edit, undecided := r.match(r.raw[done:])
			if undecided && r.problem == nil {
				break // it begins like one, and the rest is still to come
			}
			r.atStart = false
			if edit != nil {
				out = append(out, edit.to...)
				done += len(edit.from)
				continue
			}
		}
		out = append(out, r.raw[done])
		r.step(r.raw[done])
		done++
	}
	r.raw, r.ready = r.raw[done:], out
}

func (r *linkReader) step(c byte) {
	switch {
	case r.escaped:
		r.escaped = false
	case r.inString && c == '\\':
		r.escaped = true
	case c == '"':
		r.inString = !r.inString
		r.atStart = r.inString
	}
}

func (r *linkReader) match(text []byte) (edit *linkEdit, undecided bool) {
	for i := range r.edits {
		from := r.edits[i].from
		if len(text) >= len(from) {
			if string(text[:len(from)]) == from {
				return &r.edits[i], false
			}
		} else if bytes.HasPrefix([]byte(from), text) {
			undecided = true
		}
	}
	return nil, undecided
}
