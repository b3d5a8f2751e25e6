// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

func TestNewToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ci.token")
	var out bytes.Buffer
	if err := run([]string{path}, &out, rand.Reader); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := token.Parse(string(content))
	if err != nil {
		t.Fatalf("the file holds no token: %v", err)
	}
	said, ok := strings.CutPrefix(strings.TrimSpace(out.String()), "tokenHash: ")
	hash, err := token.ParseHash(said)
	if !ok || err != nil || hash != parsed.Hash() || strings.Contains(out.String(), parsed.Reveal()) {
		t.Errorf("it says %q", out.String())
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v %v", info.Mode(), err)
	}

	// What exists stays.
	if err := run([]string{path}, &out, rand.Reader); err == nil {
		t.Error("a file was written over")
	}
	if again, err := os.ReadFile(path); err != nil || !bytes.Equal(again, content) {
		t.Errorf("the file was changed: %v", err)
	}
}

func TestNewTokenFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ci.token")
	var out bytes.Buffer
	for name, err := range map[string]error{
		"no file":       run(nil, &out, rand.Reader),
		"no randomness": run([]string{path}, &out, strings.NewReader("short")),
		"no directory":  run([]string{filepath.Join(path, "x")}, &out, rand.Reader),
	} {
		if err == nil {
			t.Errorf("%s: it says nothing", name)
		}
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) || out.Len() > 0 {
		t.Errorf("something was left: %v %q", err, out.String())
	}
}
