// SPDX-License-Identifier: Apache-2.0

package audittrail

import (
	"fmt"
	"io"
	"os"
)

// Stdout is the path of the standard output.
const Stdout = "-"

// Open opens a file to append to, which only its owner can read, or gives back stdout for Stdout. Close it.
func Open(path string, stdout io.Writer) (io.WriteCloser, error) {
	if path == Stdout {
		return keptOpen{stdout}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the administrator names it
	if err != nil {
		return nil, fmt.Errorf("the audit trail can't be written: %w", err)
	}
	return file, nil
}

// keptOpen is somebody else's to close.
type keptOpen struct{ io.Writer }

// Close does nothing.
func (keptOpen) Close() error { return nil }
