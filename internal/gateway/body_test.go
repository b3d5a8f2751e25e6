// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"
)

func TestTooSlow(t *testing.T) {
	for _, tc := range []struct {
		bytes  int64
		waited time.Duration
		slow   bool
	}{
		{0, 0, false},
		{1, slowStart, false},
		{1, slowStart + time.Second, true},
		{minBodyRate, slowStart + time.Second, false},
		{24, slowStart + time.Minute, true},
		{60 * minBodyRate, slowStart + time.Minute, false},
		{1 << 30, 24 * time.Hour, false},
	} {
		if got := tooSlow(tc.bytes, tc.waited); got != tc.slow {
			t.Errorf("%d bytes in %s: %v", tc.bytes, tc.waited, got)
		}
	}
}

// dripping is a client that is waited for, for longer than the test takes.
type dripping struct{ body *timedBody }

func (d dripping) Read(p []byte) (int, error) {
	d.body.waited += time.Second
	p[0] = 'a'
	return 1, nil
}

func (dripping) Close() error { return nil }

// TestADrippingBodyEnds although something comes again and again.
func TestADrippingBodyEnds(t *testing.T) {
	body := &timedBody{control: http.NewResponseController(nil), idle: time.Minute, ended: true}
	body.ReadCloser = dripping{body}
	n, err := io.Copy(io.Discard, body)
	if !errors.Is(err, errBodyIdle) || !errors.Is(body.failure(), errBodyIdle) || n < 10 || n > 30 {
		t.Errorf("%d bytes, %v", n, err)
	}
}
