// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// TB is what testing and rapid have in common.
type TB interface {
	Helper()
	Fatal(args ...any)
}

// throughJSON is a head as it is kept.
func throughJSON(t TB, head *directory.Head) *directory.Head {
	t.Helper()
	text, err := json.Marshal(head)
	if err != nil {
		t.Fatal(err)
	}
	var out directory.Head
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

func encoded(t *testing.T, s *directory.Snapshot) [][]byte {
	t.Helper()
	_, shards, err := directory.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	return shards
}

// changed counts the shards that are not the same.
func changed(a, b [][]byte) int {
	n := max(len(a), len(b)) - min(len(a), len(b))
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			n++
		}
	}
	return n
}

func TestShards(t *testing.T) {
	const size = 50_000
	var s *directory.Snapshot
	s = s.Merge(group(noon, "everyone", many(size)), directory.Hold{})
	head, shards, err := directory.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for i, shard := range shards {
		if total += len(shard); len(shard) > 512<<10 {
			t.Errorf("shard %d has %d bytes", i, len(shard))
		}
	}
	t.Logf("%d users are %d shards of %d bytes together", size, len(shards), total)
	back, err := directory.Decode(head, shards)
	if err != nil || !reflect.DeepEqual(back, s) {
		t.Error("not the same", err)
	}

	again := s.Merge(group(noon.Add(time.Hour), "everyone", many(size)), directory.Hold{})
	if n := changed(shards, encoded(t, again)); n != 0 {
		t.Errorf("%d shards changed, and only the time did", n)
	}
	one := append(many(size), accounts("newcomer")...)
	if n := changed(shards, encoded(t, s.Merge(group(noon.Add(time.Hour), "everyone", one), directory.Hold{}))); n != 1 {
		t.Errorf("%d shards changed for one user", n)
	}
	if n := changed(shards, encoded(t, s.Merge(user(noon.Add(time.Hour), "newcomer", "key"), directory.Hold{}))); n != 1 {
		t.Errorf("%d shards changed for one user who was looked up later", n)
	}
}

// So many look-ups at different times are more than a head holds. None may count as later than it was.
func TestManyTimes(t *testing.T) {
	var s *directory.Snapshot
	for i := range 1500 {
		s = s.Merge(user(noon.Add(time.Duration(i)*time.Second), fmt.Sprint("user", i), "key"), directory.Hold{})
	}
	head, shards, err := directory.Encode(s)
	if err != nil || len(head.Times) > 512 {
		t.Fatal(len(head.Times), err)
	}
	back, err := directory.Decode(head, shards)
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range s.Users {
		if lost := u.CheckedAt.Sub(back.Users[name].CheckedAt); lost < 0 || lost > 3*time.Second {
			t.Errorf("%s: %s", name, lost)
		}
	}
}

func TestTooMany(t *testing.T) {
	s := &directory.Snapshot{Users: map[string]*directory.User{}}
	for i := range 40_000 {
		name := fmt.Sprint(strings.Repeat("n", 1000), i)
		s.Users[name] = &directory.User{Name: name, Key: "k", CheckedAt: noon}
	}
	if _, _, err := directory.Encode(s); !errors.Is(err, directory.ErrTooMany) {
		t.Error(err)
	}
}

// None of these is a shard of ours, though its checksum is right.
func TestForeignShards(t *testing.T) {
	var s *directory.Snapshot
	s = s.Merge(group(noon, "devs", accounts("alice")), directory.Hold{})
	for name, text := range map[string]string{
		"good":                  `[{"n":"alice","u":{"k":"1","a":true},"g":[0]}]`,
		"no name":               `[{"u":{"k":"1"}}]`,
		"a name in capitals":    `[{"n":"Alice"}]`,
		"a name twice":          `[{"n":"alice"},{"n":"alice"}]`,
		"another spelled":       `[{"n":"alice","u":{"s":"bob"}}]`,
		"active without key":    `[{"n":"alice","u":{"a":true}}]`,
		"in no group":           `[{"n":"alice","g":[1]}]`,
		"in no loss":            `[{"n":"alice","h":[0]}]`,
		"at no time":            `[{"n":"alice","u":{"t":7}}]`,
		"negative":              `[{"n":"alice","g":[-1]}]`,
		"a field of the future": `[{"n":"alice","x":1}]`,
		"two values":            `[] []`,
		"no list":               `{}`,
		"bomb":                  `["` + strings.Repeat(" ", 1<<20) + `"]`,
	} {
		head, shard := directory.Forge(s, []byte(text))
		if _, err := directory.Decode(head, [][]byte{shard}); (err == nil) != (name == "good") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
