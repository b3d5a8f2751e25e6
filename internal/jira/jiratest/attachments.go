// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"bytes"
	"io"
	"mime"
	"path"
	"time"
)

// keepUpload is how much of an upload is kept. A larger one is hashed, counted and thrown away; its download gives the
// generated Content of its id and size.
const keepUpload = 1 << 20

// Attachment is a file on an issue.
type Attachment struct {
	ID       int64  // given by the server
	Issue    string // key; required
	Name     string // required; any characters but a slash
	Size     int64  // in bytes
	MimeType string // empty: by the name's extension
	Author   string // name of a user; empty: none
	SHA256   string // hex, of what was uploaded; empty where the content is generated
}

type file struct {
	Attachment
	authorKey string
	created   time.Time
	kept      []byte // nil: generated
}

// AddAttachment declares a file of generated Content and returns its id, the seed. It panics if there is no such issue.
func (s *Server) AddAttachment(a Attachment) (id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.issueByIDOrKey(a.Issue)
	if i == nil {
		panic("jiratest: no issue " + a.Issue)
	}
	f := &file{Attachment: a}
	if u := s.users[fold(a.Author)]; u != nil {
		f.authorKey = u.Key
	}
	return s.putFile(i, f).ID
}

func (s *Server) putFile(i *issue, f *file) *file {
	f.ID, f.Issue, f.created = s.nextID(), i.key, s.now()
	if f.MimeType == "" {
		f.MimeType = mime.TypeByExtension(path.Ext(f.Name))
	}
	if f.MimeType == "" {
		f.MimeType = "application/octet-stream"
	}
	s.files[f.ID] = f
	i.files = append(i.files, f.ID)
	return f
}

// Attachments lists an issue's files in order; nil if there is no such issue.
func (s *Server) Attachments(issueKey string) []Attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.issueByIDOrKey(issueKey)
	if i == nil {
		return nil
	}
	out := make([]Attachment, len(i.files))
	for n, id := range i.files {
		out[n] = s.files[id].Attachment
	}
	return out
}

func (f *file) content() io.ReadSeeker {
	if f.kept != nil {
		return bytes.NewReader(f.kept)
	}
	return Content(f.ID, f.Size)
}
