// SPDX-License-Identifier: Apache-2.0

package redistest

import (
	"os"
	"testing"
)

// Start runs a server until the test ends. Without one the test is skipped, but not in CI: there it fails.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	if _, err := Find(); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatal(err)
		}
		tb.Skip(err)
	}
	s, err := Run(tb.Context(), tb.TempDir(), args...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Kill)
	return s
}

// Restart starts it again after Kill, empty.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.Start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}
