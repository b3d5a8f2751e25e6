// SPDX-License-Identifier: Apache-2.0

package snapshot_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

func sample() (*snapshot.Header, []*grant.Credential) {
	header := &snapshot.Header{
		Namespace: "jira-gateway", Policy: "jira", PolicyUID: "some-uid",
		LastContact: time.Date(2026, 11, 1, 8, 0, 0, 5, time.UTC), Config: []byte(`{"version":1}`),
		Secrets: []gatewayconfig.Secret{{
			Name: "alice", Labels: map[string]string{"a": "b"}, Data: map[string][]byte{"token": []byte("x\x00y")},
		}},
	}
	var list []*grant.Credential
	for n := range 100 {
		list = append(list, &grant.Credential{
			ID: fmt.Sprintf("%012d", n), Hash: sha256.Sum256(fmt.Append(nil, n)), State: grant.Active,
			Token: grant.TokenReference{Namespace: "team", Name: fmt.Sprint("token-", n), UID: "uid"},
			Grant: grant.Grant{Owner: "alice", Scopes: []string{"read"}},
		})
	}
	return header, list
}

func read(dir string) (header *snapshot.Header, list []*grant.Credential, err error) {
	err = snapshot.Read(dir,
		func(h *snapshot.Header) error { header = h; return nil },
		func(c *grant.Credential) error { list = append(list, c); return nil })
	return header, list, err
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := snapshot.CleanUp(dir); err != nil {
		t.Fatal(err)
	}
	header, list := sample()
	for _, n := range []int{len(list), 0, 1} { // each in place of the one before
		if err := snapshot.Write(dir, header, slices.Values(list[:n])); err != nil {
			t.Fatal(err)
		}
		gotHeader, got, err := read(dir)
		if err != nil || !reflect.DeepEqual(gotHeader, header) || len(got) != n {
			t.Fatalf("error %v, %d credentials, header %+v", err, len(got), gotHeader)
		}
		for i := range got {
			if !reflect.DeepEqual(got[i], list[i]) {
				t.Fatalf("got %+v, want %+v", got[i], list[i])
			}
		}
	}
	info, err := os.Stat(filepath.Join(dir, snapshot.FileName))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("error %v, mode %v", err, info.Mode())
	}
}

// Every single damaged byte and every length is noticed, and nothing is handed out.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	header, list := sample()
	if err := snapshot.Write(dir, header, slices.Values(list[:3])); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, snapshot.FileName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		h, got, err := read(dir)
		if !errors.Is(err, snapshot.ErrCorrupt) || h != nil || got != nil {
			t.Fatalf("%s: error %v, header %v, %d credentials", what, err, h, len(got))
		}
	}
	for i := range good {
		refused(fmt.Sprint("truncated to ", i), good[:i])
		damaged := bytes.Clone(good)
		damaged[i] ^= 0x10
		refused(fmt.Sprint("damaged at ", i), damaged)
	}
	refused("something after", append(bytes.Clone(good), 0))
	// Another version with a checksum that is right.
	other := bytes.Replace(good[:len(good)-sha256.Size], []byte("snapshot 1\n"), []byte("snapshot 2\n"), 1)
	sum := sha256.Sum256(other)
	refused("another version", append(other, sum[:]...))
}

func TestMissing(t *testing.T) {
	if _, _, err := read(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A write that fails half-way leaves the old snapshot and nothing else.
func TestFailedWrite(t *testing.T) {
	dir := t.TempDir()
	header, list := sample()
	if err := snapshot.Write(dir, header, slices.Values(list)); err != nil {
		t.Fatal(err)
	}
	var broken iter.Seq[*grant.Credential] = func(yield func(*grant.Credential) bool) {
		_ = yield(list[0]) && yield(&grant.Credential{})
	}
	if err := snapshot.Write(dir, header, broken); err == nil {
		t.Fatal("a credential that can't be encoded was written")
	}
	if _, got, err := read(dir); err != nil || len(got) != len(list) {
		t.Errorf("error %v, %d credentials", err, len(got))
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("error %v, left behind: %v", err, entries)
	}
}

func TestCleanUp(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".snapshot-123"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := snapshot.CleanUp(dir); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("error %v, left behind: %v", err, entries)
	}
}

func TestCheck(t *testing.T) {
	header, _ := sample()
	const maxAge = time.Hour
	for name, c := range map[string]struct {
		namespace, policy string
		now               time.Time
		want              string // a part of the error; none: accepted
	}{
		"fresh":             {"jira-gateway", "jira", header.LastContact, ""},
		"just young enough": {"jira-gateway", "jira", header.LastContact.Add(maxAge), ""},
		"too old":           {"jira-gateway", "jira", header.LastContact.Add(maxAge + 1), "at most 1h0m0s"},
		"clock set back":    {"jira-gateway", "jira", header.LastContact.Add(-1), "clock went back"},
		"foreign namespace": {"other", "jira", header.LastContact, `"jira-gateway"`},
		"foreign policy":    {"jira-gateway", "other", header.LastContact, `"jira"`},
	} {
		err := header.Check(c.namespace, c.policy, c.now, maxAge)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := (&snapshot.Header{}).Check("", "", time.Now(), maxAge); err == nil {
		t.Error("never confirmed: accepted")
	}
}

func BenchmarkWrite(b *testing.B) { bench(b, func(string) {}) }

func BenchmarkWriteAndRead(b *testing.B) {
	bench(b, func(dir string) {
		if _, _, err := read(dir); err != nil {
			b.Fatal(err)
		}
	})
}

// 100,000 credentials, as many as a large gateway has.
func bench(b *testing.B, then func(dir string)) {
	b.Helper()
	header, list := sample()
	many := func(yield func(*grant.Credential) bool) {
		for n := range 100_000 {
			c := *list[n%len(list)]
			c.ID, c.Hash = fmt.Sprintf("%012d", n), sha256.Sum256(fmt.Append(nil, n))
			if !yield(&c) {
				return
			}
		}
	}
	dir := b.TempDir()
	b.ReportAllocs()
	for b.Loop() {
		if err := snapshot.Write(dir, header, many); err != nil {
			b.Fatal(err)
		}
		then(dir)
	}
	info, err := os.Stat(filepath.Join(dir, snapshot.FileName))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/100_000, "B/token")
}
