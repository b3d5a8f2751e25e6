// SPDX-License-Identifier: Apache-2.0

package audittrail

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestRead(t *testing.T) {
	line := func(uid string) string {
		text, err := Entry{Event: Revoked, UID: uid, Message: `quoted {"time":"x"}`}.encode(now)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(string(text), "\n")
	}
	trail := strings.Join([]string{
		line("plain"),
		"2026-11-29T12:00:00.000000001Z " + line("kubectl logs --timestamps"),
		"[pod/manager-0/manager] " + line("kubectl logs --prefix"),
		"2026-11-29T12:00:00.000000001Z stdout F " + line("of the container runtime"),
		line("torn")[:60] + line("after a torn one"),
		`{"uid":"sorted by a log store","event":"revoked","time":"2026-11-29T11:00:00Z"}`,
		"",
		"I1129 12:00:00.000000       1 leaderelection.go:258] successfully acquired lease",
		`{"level":"info","ts":"2026-11-29T12:00:00Z","msg":"revoked"}`,
		`{"event":"revoked","uid":"no time"}`,
		`{"time":"2026-11-29T12:00:00Z","decision":"allowed","reason":"allowed"}`, // of a gateway
		line("too long") + strings.Repeat(" ", 3*maxLine),
		line("the last") + "\r",
		line("cut off")[:100],
	}, "\n")
	var have []string
	skipped, err := Read(strings.NewReader(trail), func(e *Entry) { have = append(have, e.UID) })
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"plain", "kubectl logs --timestamps", "kubectl logs --prefix", "of the container runtime", "after a torn one",
		"sorted by a log store", "the last",
	}
	if !slices.Equal(have, want) || skipped != 6 {
		t.Errorf("%d skipped, read are %q", skipped, have)
	}
}

func TestReadFails(t *testing.T) {
	broken := errors.New("disk")
	visited := 0
	text := `{"time":"2026-11-29T12:00:00Z","event":"revoked"}` + "\n"
	_, err := Read(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), func(*Entry) { visited++ })
	if !errors.Is(err, broken) || visited != 1 {
		t.Errorf("%v, %d visited", err, visited)
	}
}

// FuzzRead: nothing breaks it, and no line is lost or read twice.
func FuzzRead(f *testing.F) {
	f.Add("x {\"time\":\"2026-11-29T12:00:00Z\",\"event\":\"revoked\"}\n\n{")
	f.Fuzz(func(t *testing.T, text string) {
		lines := 0
		for line := range strings.Lines(text) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		visited := 0
		skipped, err := Read(strings.NewReader(text), func(*Entry) { visited++ })
		if err != nil || skipped+visited != lines {
			t.Errorf("%d lines, %d visited, %d skipped, %v", lines, visited, skipped, err)
		}
	})
}
