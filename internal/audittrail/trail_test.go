// SPDX-License-Identifier: Apache-2.0

package audittrail

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

var now = time.Date(2026, 11, 29, 12, 0, 0, 5e6, time.FixedZone("CET", 3600))

// nasty is what has been put into logs to make them say something else, to a program or on a screen.
var nasty = map[string]string{
	"another line":       "a\n{\"event\":\"revoked\"}",
	"carriage return":    "a\r{\"event\":\"revoked\"}",
	"end of JSON":        `a","event":"revoked","x":"`,
	"backslash":          `a\`,
	"escape sequence":    "\x1b[2J\x1b[1;31mred\x07",
	"C1 control":         "\u009b2J\u0085",
	"NUL and DEL":        "a\x00b\x7f",
	"invalid UTF-8":      "a\xff\xc0\xaf\xed\xa0\x80",
	"cut within a rune":  strings.Repeat("a", maxText-1) + "ü",
	"very long":          strings.Repeat("x", 1<<20),
	"turned around":      "a\u202egnp.exe\u2066\u2069",
	"zero width":         "al\u200bi\u200dce\ufeff\u2060",
	"line separators":    "a\u2028b\u2029c",
	"tags":               "a\U000E0041\U000E0042",
	"private use":        "a\ue000\U000F0000",
	"HTML":               "<script>alert(1)</script>",
	"honest letters too": "Zoë 東京 😀",
}

// everywhere is an entry that has a text wherever one fits.
func everywhere(text string) Entry {
	e := Entry{Ended: []string{text, text}}
	for _, f := range reflect.ValueOf(&e).Elem().Fields() {
		if f.Kind() == reflect.String {
			f.SetString(text)
		}
	}
	return e
}

// checkLine: one line of JSON, without a key twice, bounded, and all that is in it can be seen.
func checkLine(t *testing.T, encoded []byte) {
	t.Helper()
	text, whole := strings.CutSuffix(string(encoded), "\n")
	if !whole || !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("%.200q", encoded)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	var back Entry
	if err := decoder.Decode(&back); err != nil || strings.Count(text, `"event":`) != 1 || decoder.More() {
		t.Errorf("%.200q: %v", encoded, err)
	}
	if back.Time != "2026-11-29T11:00:00.005Z" {
		t.Errorf("time %q", back.Time)
	}
	for _, one := range []string{back.User, back.Rule, back.Owner, string(back.Event), back.SpecDigest} {
		if len(one) > maxText+len("…")*2 {
			t.Errorf("%d bytes", len(one))
		}
	}
	if len(back.Message) > maxMessage+len("…")*2 || len(back.Ended) > maxEnded {
		t.Errorf("too long: %.200q", encoded)
	}
}

func TestNothingIsInjectedIntoTheTrail(t *testing.T) {
	for name, text := range nasty {
		line, err := everywhere(text).encode(now)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkLine(t, line)
	}
	line, _ := everywhere("Zoë 東京 😀").encode(now)
	if !strings.Contains(string(line), `"user":"Zoë 東京 😀"`) {
		t.Errorf("%s", line)
	}
}

func FuzzEntry(f *testing.F) {
	for _, text := range nasty {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		line, err := everywhere(text).encode(now)
		if err != nil {
			t.Fatal(err)
		}
		checkLine(t, line)
	})
}

// Whoever approves can write anything into a reason, also the token itself, whole or in part.
func TestNoTokenAndNoHashInTheTrail(t *testing.T) {
	held, err := token.Generate(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := held.Reveal()
	hash := hex.EncodeToString(hashOf(held))
	for _, text := range []string{
		secret, "approved, it is " + secret + ".", secret[:40], strings.Repeat("y", 240) + secret, "sha256:" + hash, strings.ToUpper(hash),
	} {
		e := everywhere(text)
		e.GrantDigest, e.SpecDigest, e.Event = "", "", Notice // ours, of what is no secret
		line, err := e.encode(now)
		if err != nil {
			t.Fatal(err)
		}
		inSecret := secret[len("jat_")+13:]
		if s := string(line); strings.Contains(s, inSecret[:12]) || strings.Contains(strings.ToLower(s), hash[:32]) {
			t.Errorf("%s", s)
		}
	}
}

func hashOf(held token.Token) []byte {
	hash := held.Hash()
	return hash[:]
}

// sink is a writer that can hang or fail.
type sink struct {
	mu   sync.Mutex
	text bytes.Buffer
	err  error
	hang chan struct{} // nil: it does not
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	hang, err := s.hang, s.err
	s.mu.Unlock()
	if hang != nil {
		<-hang
	}
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *sink) lines() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Count(s.text.String(), "\n")
}

func newTrail(s *sink) *Trail {
	return New(s, clocktesting.NewFakePassiveClock(now), prometheus.NewRegistry(), logr.Discard())
}

func TestALineIsThereWhenRecordReturns(t *testing.T) {
	out := &sink{}
	trail := newTrail(out)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			before := out.lines()
			trail.Record(Entry{Event: Notice})
			if out.lines() <= before-1 || out.lines() == 0 {
				t.Error("Record returned before its line was written")
			}
		})
	}
	all.Wait()
	if n := out.lines(); n != 50 {
		t.Errorf("%d lines", n)
	}
	trail.Close()
	trail.Record(Entry{Event: Notice})
	if n := testutil.ToFloat64(trail.dropped); n != 1 {
		t.Errorf("%v lines counted as dropped after the end", n)
	}
}

func TestASinkThatHangsHoldsNobodyUpForLong(t *testing.T) {
	out := &sink{hang: make(chan struct{})}
	trail := newTrail(out)
	trail.Record(Entry{Event: Notice}) // waits for its patience, once
	const more = 10
	begin := time.Now()
	for range queueLength + more {
		trail.Record(Entry{Event: Notice})
	}
	if took := time.Since(begin); took > 10*patience {
		t.Errorf("took %s", took)
	}
	if n := testutil.ToFloat64(trail.dropped); n < more-1 || n > more {
		t.Errorf("%v lines were dropped", n)
	}
	close(out.hang)
	trail.Close()
	if n := out.lines(); n < queueLength {
		t.Errorf("%d lines came in the end", n)
	}
}

func TestLinesThatCanNotBeWrittenAreCounted(t *testing.T) {
	out := &sink{err: errors.New("disk full")}
	trail := newTrail(out)
	trail.Record(Entry{Event: Notice})
	out.mu.Lock()
	out.err = nil
	out.mu.Unlock()
	trail.Record(Entry{Event: Notice})
	trail.Close()
	if testutil.ToFloat64(trail.dropped) != 1 || testutil.ToFloat64(trail.written) != 1 || out.lines() != 1 {
		t.Errorf("%v dropped, %v written, %d lines", testutil.ToFloat64(trail.dropped), testutil.ToFloat64(trail.written), out.lines())
	}
}

// fullDisk takes the second line in part.
type fullDisk struct {
	sink

	room int
	n    int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	d.n++
	if d.n != 2 {
		return d.sink.Write(p)
	}
	n, _ := d.sink.Write(p[:d.room])
	return n, errors.New("no space left on device")
}

// TestATornLineSpoilsNoOther, wherever it is torn.
func TestATornLineSpoilsNoOther(t *testing.T) {
	whole, err := Entry{Event: Notice}.encode(now)
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range []int{0, 1, len(whole) / 2, len(whole) - 1, len(whole)} {
		disk := &fullDisk{room: room}
		trail := New(disk, clocktesting.NewFakePassiveClock(now), nil, logr.Discard())
		for range 4 {
			trail.Record(Entry{Event: Notice})
		}
		trail.Close()
		want := string(whole) + string(whole[:room])
		if room > 0 && room < len(whole) {
			want += "\n"
		}
		if want += string(whole) + string(whole); disk.text.String() != want {
			t.Errorf("%d bytes:\n%s", room, disk.text.String())
		}
	}
}

// TestASlowSinkIsWaitedForOnce: that it takes a line after longer than anybody waits does not make it one to wait for.
func TestASlowSinkIsWaitedForOnce(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(now)
	slow := make(chan struct{})
	out := &sink{hang: slow}
	trail := New(out, clock, nil, logr.Discard())
	trail.Record(Entry{Event: Notice}) // waits for its patience
	clock.SetTime(now.Add(2 * patience))
	second, err := Entry{Event: Notice}.encode(now)
	if err != nil {
		t.Fatal(err)
	}
	last := line{text: second, at: now, written: make(chan struct{})} // has waited for as long
	if !trail.hand(last) {
		t.Fatal("the queue is full")
	}
	close(slow)
	<-last.written
	if !trail.stuck.Load() {
		t.Error("lines would be waited for again")
	}
	fresh := line{text: second, at: clock.Now(), written: make(chan struct{})}
	if !trail.hand(fresh) {
		t.Fatal("the queue is full")
	}
	<-fresh.written
	if trail.stuck.Load() {
		t.Error("a sink that is fast again is taken for one that hangs")
	}
	trail.Close()
}

func TestAFileIsAppendedTo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	for range 2 {
		file, err := Open(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		trail := New(file, clocktesting.NewFakePassiveClock(now), nil, logr.Discard())
		trail.Record(Entry{Event: Revoked, APIToken: "dev/ci"})
		trail.Close()
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := `{"time":"2026-11-29T11:00:00.005Z","event":"revoked","apiToken":"dev/ci"}` + "\n"
	text, err := os.ReadFile(path)
	if err != nil || string(text) != want+want {
		t.Errorf("%s %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if _, err := Open(filepath.Join(path, "below"), nil); err == nil {
		t.Error("a path below a file was opened")
	}
	var out bytes.Buffer
	stdout, err := Open(Stdout, &out)
	if err != nil || stdout.Close() != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Write([]byte("x")); err != nil || out.String() != "x" {
		t.Errorf("%q %v", out.String(), err)
	}
}
