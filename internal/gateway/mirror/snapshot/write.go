// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Write puts a snapshot in place of the one in a directory: whoever reads sees the old one or the new one. Nothing is
// synced: memory-backed storage has no crash to outlive.
func Write(dir string, header *Header, credentials iter.Seq[*grant.Credential]) error {
	file, err := os.CreateTemp(dir, temporary) // with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // after the rename there is nothing to remove
	if err := errors.Join(encode(file, header, credentials), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, FileName))
}

// CleanUp makes the directory, if it is missing, and removes what a process that was killed while writing left.
func CleanUp(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	left, err := filepath.Glob(filepath.Join(dir, temporary))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// encode streams: 100,000 credentials are never in memory in encoded form.
func encode(w io.Writer, header *Header, credentials iter.Seq[*grant.Credential]) error {
	buffer := bufio.NewWriterSize(w, 64<<10)
	sum := sha256.New()
	out := io.MultiWriter(buffer, sum)
	if _, err := io.WriteString(out, firstLine); err != nil {
		return err
	}
	compressed, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(compressed).Encode(header); err != nil {
		return err
	}
	for c := range credentials {
		data, err := grant.Encode(c)
		if err != nil {
			return err
		}
		if _, err := compressed.Write(append(data, '\n')); err != nil {
			return err
		}
	}
	if err := compressed.Close(); err != nil {
		return err
	}
	if _, err := buffer.Write(sum.Sum(nil)); err != nil {
		return err
	}
	return buffer.Flush()
}
