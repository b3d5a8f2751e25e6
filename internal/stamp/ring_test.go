// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// A key is added, signs once every replica knows it, and the old one is removed.
func TestRotation(t *testing.T) {
	_, data := ring(t, 90*24*time.Hour)
	old := parse(t, maps.Clone(data))
	id, key, err := stamp.NewKey(rand.Reader, start)
	if err != nil {
		t.Fatal(err)
	}
	data[id] = key
	both := parse(t, data)
	if both.Len() != 2 || !both.Newest().Equal(start) || old.Newest().Equal(start) {
		t.Errorf("%d keys, newest %s", both.Len(), both.Newest())
	}
	before, after := apiToken(), apiToken()
	o := stamp.OfToken(before)
	before.Annotations[v1alpha1.AnnotationRequestedBy] = sign(t, both, o, start.Add(59*time.Second), true)
	after.Annotations[v1alpha1.AnnotationRequestedBy] = sign(t, both, o, start.Add(60*time.Second), true)
	if _, err := old.VerifyToken(before); err != nil {
		t.Errorf("a replica that has not seen the new key yet refuses a stamp: %v", err)
	}
	delete(data, slices.Min(slices.Collect(maps.Keys(data))))
	replaced := parse(t, data)
	if _, err := replaced.VerifyToken(after); err != nil {
		t.Errorf("the new key's stamp: %v", err)
	}
	if _, err := replaced.VerifyToken(before); !errors.Is(err, stamp.ErrForged) {
		t.Errorf("a removed key's stamp: %v", err)
	}
}

func TestFirstKeySignsAtOnce(t *testing.T) {
	r, _ := ring(t, 0, -time.Hour) // made by a manager whose clock is ahead
	token := stamped(t, r, true)
	if _, err := r.VerifyToken(token); err != nil {
		t.Error(err)
	}
}

func TestKeysThatCanNotBeUsed(t *testing.T) {
	id, key, err := stamp.NewKey(rand.Reader, start)
	if err != nil {
		t.Fatal(err)
	}
	many := map[string][]byte{}
	for i := range 65 {
		many[start.Add(time.Duration(i)*time.Second).Format("20060102T150405Z")] = key
	}
	for want, data := range map[string]map[string][]byte{
		`key "mine" has no time for its name`: {id: key, "mine": key},
		"has 31 bytes; 32 are needed":         {id: key[1:]},
		"there are 65 keys; 64 are allowed":   many,
	} {
		if _, err := stamp.ParseRing(data); err == nil || !strings.Contains(err.Error(), want) || bytes.Contains([]byte(err.Error()), key[:8]) {
			t.Errorf("want %q, have %v", want, err)
		}
	}
	empty := parse(t, nil)
	if _, err := empty.Sign(&stamp.Stamp{}); err == nil || !empty.Newest().IsZero() {
		t.Errorf("no key: %v", err)
	}
	if _, _, err := stamp.NewKey(strings.NewReader("short"), start); err == nil {
		t.Error("a key was made of too little randomness")
	}
}

func TestWhatIsTooLongIsRefused(t *testing.T) {
	r, _ := ring(t, time.Hour)
	_, err := r.Sign(&stamp.Stamp{Requester: grant.Requester{User: strings.Repeat("x", 9000)}, At: start})
	if err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("have %v", err)
	}
	// The longest of all that is allowed can be read back.
	var groups []string
	for i := range 1000 {
		groups = append(groups, fmt.Sprintf("%063d", i))
	}
	token := apiToken()
	s, err := r.Sign(&stamp.Stamp{
		Requester: grant.Requester{User: strings.Repeat("x", 1024), UID: strings.Repeat("u", 256), Groups: stamp.BoundGroups(groups, nil)},
		At:        start, Object: stamp.Object{Kind: stamp.KindToken, Namespace: token.Namespace, Name: token.Name, Digest: stamp.DigestOf(&token.Spec)},
	})
	if err != nil {
		t.Fatal(err)
	}
	token.Annotations[v1alpha1.AnnotationRequestedBy] = s
	if _, err := r.VerifyToken(token); err != nil {
		t.Errorf("%d bytes: %v", len(s), err)
	}
}

func TestBoundGroups(t *testing.T) {
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprint("group-", i))
	}
	if kept := stamp.BoundGroups(many, []string{"group-99", "absent"}); len(kept) != 64 || kept[0] != "group-99" || kept[63] != "group-62" {
		t.Errorf("have %q", kept)
	}
	long := strings.Repeat("\x01", 700) // six bytes each in JSON
	if kept := stamp.BoundGroups([]string{long, "a", "b", "a"}, []string{"b"}); !slices.Equal(kept, []string{"b", "a"}) {
		t.Errorf("have %q", kept)
	}
	if kept := stamp.BoundGroups(nil, nil); len(kept) != 0 {
		t.Errorf("have %q", kept)
	}
}
