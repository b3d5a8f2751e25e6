// SPDX-License-Identifier: Apache-2.0

package audittrail

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine bounds what a line is taken for one of the trail. Those that are written are much shorter.
const maxLine = 1 << 20

// beginning is how each line is written. Within a line it can't be: quotes are escaped there.
var beginning = []byte(`{"time":"`)

// Read visits the entries of a trail, in order. Other lines are counted and skipped: the log of a container may have some
// between, or a time before each; and of a line that is torn, what comes after it on the same line counts.
func Read(in io.Reader, visit func(*Entry)) (skipped int, err error) {
	reader := bufio.NewReaderSize(in, maxLine)
	for {
		line, err := reader.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = reader.ReadSlice('\n')
		}
		if e := parse(line); e != nil && !tooLong {
			visit(e)
		} else if tooLong || len(bytes.TrimSpace(line)) > 0 {
			skipped++
		}
		switch {
		case errors.Is(err, io.EOF):
			return skipped, nil
		case err != nil:
			return skipped, fmt.Errorf("read the audit trail: %w", err)
		}
	}
}

// parse reads a line; nil: it is none of a trail.
func parse(line []byte) *Entry {
	for _, start := range []int{bytes.LastIndex(line, beginning), bytes.IndexByte(line, '{')} {
		if start < 0 {
			continue
		}
		var e Entry
		if json.Unmarshal(line[start:], &e) == nil && e.Event != "" && e.Time != "" {
			return &e
		}
	}
	return nil
}
