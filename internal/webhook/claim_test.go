// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func newRing(t *testing.T) *stamp.Ring {
	t.Helper()
	id, key, err := stamp.NewKey(rand.Reader, now)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := stamp.ParseRing(map[string][]byte{id: key})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func signed(t *testing.T, ring *stamp.Ring, user string, object stamp.Object) string {
	t.Helper()
	annotation, err := ring.Sign(&stamp.Stamp{Requester: grant.Requester{User: user}, At: now, Object: object})
	if err != nil {
		t.Fatal(err)
	}
	return annotation
}

// Bob's request, for a token that alice asked for.
func TestClaims(t *testing.T) {
	ring := newRing(t)
	object := stamp.Object{Kind: stamp.KindToken, Namespace: "n", Name: "t", UID: "1", Digest: "d"}
	with := func(edit func(*stamp.Object)) stamp.Object { o := object; edit(&o); return o }
	alices, bobs := signed(t, ring, "alice", object), signed(t, ring, "bob", object)
	changed := with(func(o *stamp.Object) { o.Digest = "d2" })
	elsewhere := signed(t, ring, "alice", with(func(o *stamp.Object) { o.Name = "t2" }))
	before := signed(t, ring, "alice", with(func(o *stamp.Object) { o.UID = "0" }))
	foreign := signed(t, newRing(t), "alice", object)
	for name, c := range map[string]struct {
		old, proposed string
		object        stamp.Object
		forged        bool
		kept          string // if nothing is asked anew
	}{
		"none":                        {"", "", object, false, ""},
		"kept":                        {alices, alices, object, false, alices},
		"dropped":                     {alices, "", object, false, alices},
		"foreign, left as it is":      {foreign, foreign, object, false, foreign},
		"foreign, dropped":            {foreign, "", object, false, ""},
		"foreign, new":                {alices, foreign, object, true, ""},
		"foreign, on one without":     {"", foreign, object, true, ""},
		"from a backup":               {"", before, object, false, ""},
		"from a backup, over another": {bobs, before, object, false, bobs},
		"of another token":            {"", elsewhere, object, true, ""},
		"alice's for another content": {"", alices, changed, true, ""},
		// Another webhook changed the object after this one had stamped it, and the API server asks again.
		"bob's for another content": {alices, bobs, changed, false, ""},
	} {
		claimed := &claim{old: c.old, proposed: c.proposed, object: c.object, user: grant.Requester{User: "bob"}}
		if have := claimed.forged(ring); have != c.forged {
			t.Errorf("%s: forged is %v", name, have)
		}
		if have := claimed.kept(ring); !c.forged && c.object.Digest == "d" && have != c.kept {
			t.Errorf("%s: want %q kept, have %q", name, c.kept, have)
		}
	}
}

func TestWarnings(t *testing.T) {
	sentence := "This sentence has exactly sixty-four characters, all counted up."
	long := strings.Repeat("word ", 100) + "end."
	for name, c := range map[string]struct {
		message string
		want    []string
	}{
		"nothing":    {"", nil},
		"short":      {"a", []string{"a"}},
		"line ends":  {"a\nb\t\x07c\xff", []string{"a b c?"}},
		"sentences":  {strings.Repeat(sentence+" ", 4), []string{strings.Repeat(sentence+" ", 2) + sentence, sentence}},
		"no end":     {strings.Repeat("x", 300), []string{strings.Repeat("x", 256), strings.Repeat("x", 44)}},
		"characters": {strings.Repeat("ü", 150), []string{strings.Repeat("ü", 128), strings.Repeat("ü", 22)}},
	} {
		if have := warnings(c.message); strings.Join(have, "|") != strings.Join(c.want, "|") {
			t.Errorf("%s:\nwant %q\nhave %q", name, c.want, have)
		}
	}
	if have := strings.Join(warnings(long), " "); have != long {
		t.Errorf("words are lost: %q", have)
	}
	total := 0
	many := warnings(strings.Repeat(sentence+" ", 1000))
	for _, w := range many {
		total += len(w)
	}
	if len(many) != 15 || total > 4096 || many[14] != more {
		t.Errorf("%d warnings of %d characters, the last %q", len(many), total, many[len(many)-1])
	}
}
