// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

func (s *Server) fileViews(i *issue) []any {
	out := make([]any, len(i.files))
	for n, id := range i.files {
		out[n] = s.fileView(s.files[id])
	}
	return out
}

func (s *Server) fileView(f *file) object {
	tail := itoa(f.ID) + "/" + url.PathEscape(f.Name)
	return object{
		"self": s.base + "/rest/api/2/attachment/" + itoa(f.ID), "id": itoa(f.ID), "filename": f.Name,
		"author": s.userRef(s.userByKey(f.authorKey)), "created": jiraTime(f.created), "size": f.Size,
		"mimeType": f.MimeType, "content": s.base + "/secure/attachment/" + tail,
		"thumbnail": s.base + "/secure/thumbnail/" + tail,
	}
}

// uploadAttachments takes a multipart body of any size in constant memory. It is a stream: the lock is held only for
// what comes before and after the body, and a refusal comes before the body is read.
func uploadAttachments(c *call) reply {
	c.s.mu.Lock()
	i, refusal := c.findIssue(Edit)
	c.s.mu.Unlock()
	if refusal != nil {
		return *refusal
	}
	parts, err := c.r.MultipartReader()
	if err != nil {
		return restMessage(http.StatusUnsupportedMediaType, "HTTP 415 Unsupported Media Type")
	}
	files, err := c.readParts(parts)
	if err != nil || len(files) == 0 {
		return failure(http.StatusBadRequest, "The multipart body holds no complete part named 'file'")
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	views := make([]any, len(files))
	for n, f := range files {
		f.authorKey = c.who.user.Key
		views[n] = c.s.fileView(c.s.putFile(i, f))
	}
	return ok(views)
}

func (c *call) readParts(parts *multipart.Reader) ([]*file, error) {
	var files []*file
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if part.FormName() != "file" {
			continue
		}
		f, err := digest(part)
		if err != nil {
			return nil, err
		}
		f.Name, f.MimeType, f.Author = part.FileName(), part.Header.Get("Content-Type"), c.who.user.Name
		files = append(files, f)
	}
}

// digest reads a part to its end, keeping its beginning, its hash and its length.
func digest(part io.Reader) (*file, error) {
	hash := sha256.New()
	begin, err := io.ReadAll(io.TeeReader(io.LimitReader(part, keepUpload+1), hash))
	if err != nil {
		return nil, err
	}
	rest, err := io.Copy(hash, part)
	if err != nil {
		return nil, err
	}
	f := &file{Attachment: Attachment{Size: int64(len(begin)) + rest, SHA256: hex.EncodeToString(hash.Sum(nil))}}
	if len(begin) <= keepUpload {
		f.kept = begin
	}
	return f, nil
}

// findFile is the file of the path's first {}, by number.
func (c *call) findFile(p Permission) (*file, *reply) {
	id, err := strconv.ParseInt(c.args[0], 10, 64)
	f := c.s.files[id]
	if err != nil || f == nil {
		return nil, new(failure(http.StatusNotFound, "The attachment with id '"+c.args[0]+"' does not exist"))
	}
	project := c.s.projects[c.s.issues[f.Issue].project]
	if !c.who.user.can(Browse, project) || !c.who.user.can(p, project) {
		return nil, c.forbidden("You do not have permission to view or change the attachment with id: " + c.args[0])
	}
	return f, nil
}

func getAttachment(c *call) reply {
	f, refusal := c.findFile(Browse)
	if refusal != nil {
		return *refusal
	}
	return ok(c.s.fileView(f))
}

func deleteAttachment(c *call) reply {
	f, refusal := c.findFile(Edit)
	if refusal != nil {
		return *refusal
	}
	i := c.s.issues[f.Issue]
	i.files = slices.DeleteFunc(i.files, func(id int64) bool { return id == f.ID })
	delete(c.s.files, f.ID)
	return reply{status: http.StatusNoContent}
}
