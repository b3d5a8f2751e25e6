// SPDX-License-Identifier: Apache-2.0

package snapshot

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Read reads the snapshot in a directory: first the header, which accept may refuse, then each credential. Nothing is
// handed out before the checksum of the whole file has been found right.
func Read(dir string, accept func(*Header) error, each func(*grant.Credential) error) error {
	file, err := os.OpenInRoot(dir, FileName)
	if err != nil {
		return err
	}
	defer file.Close()
	size, err := verify(file)
	if err != nil {
		return err
	}
	body, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(file, int64(len(firstLine)), size)))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	var header Header
	if err := decoder.Decode(&header); err != nil {
		return ErrCorrupt // without the decoder's words, which may repeat a part of a Secret
	}
	if err := accept(&header); err != nil {
		return err
	}
	return readCredentials(decoder, each)
}

func readCredentials(decoder *json.Decoder, each func(*grant.Credential) error) error {
	var raw json.RawMessage
	for {
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return ErrCorrupt
		}
		c, err := grant.Decode(raw)
		if err != nil {
			return ErrCorrupt
		}
		if err := each(c); err != nil {
			return err
		}
	}
}

// verify checks the first line and the checksum and returns the length of what lies between.
func verify(file *os.File) (int64, error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	covered := info.Size() - checksumSize
	if covered < int64(len(firstLine)) {
		return 0, ErrCorrupt
	}
	line := make([]byte, len(firstLine))
	if _, err := file.ReadAt(line, 0); err != nil {
		return 0, err
	}
	if string(line) != firstLine {
		return 0, ErrCorrupt
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, covered)); err != nil {
		return 0, err
	}
	want := make([]byte, checksumSize)
	if _, err := file.ReadAt(want, covered); err != nil {
		return 0, err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return 0, ErrCorrupt
	}
	return covered - int64(len(firstLine)), nil
}
