// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	// version of the encoding. Another version's is not read: Jira is asked again.
	version = 1
	// maxTimes bounds the times in a head. If there are more, some count for later ones: too old is safe.
	maxTimes = 512
)

// Head is the part of an encoded Snapshot that changes with each refresh. It vouches for the shards, which hold all that
// there is about people and change only when that does, or when not everything could be confirmed at the same time.
type Head struct {
	Version int `json:"version"`
	// Times are when things were confirmed, the oldest first. The others refer to them by number.
	Times  []time.Time `json:"times,omitempty"`
	Groups []headGroup `json:"groups,omitempty"`
	// Checksums are the shards' SHA-256 checksums.
	Checksums []string `json:"checksums"`
}

type headGroup struct {
	Name     string    `json:"name"`
	SyncedAt int       `json:"syncedAt"`
	Missing  bool      `json:"missing,omitempty"`
	Held     *headLoss `json:"held,omitempty"`
}

type headLoss struct {
	Since   time.Time `json:"since"`
	Missing bool      `json:"missing,omitempty"`
}

// person is all that a shard holds about one name. Names are folded, groups are meant by their number in the head.
type person struct {
	Name string      `json:"n"`
	User *personUser `json:"u,omitempty"`
	// Groups that the person is an active member of, and those with a held loss that they would be left in.
	Groups []int `json:"g,omitempty"`
	Held   []int `json:"h,omitempty"`
}

type personUser struct {
	Spelled   string `json:"s,omitempty"` // if it is not the folded name
	Key       string `json:"k,omitempty"`
	Active    bool   `json:"a,omitempty"`
	FormerKey string `json:"f,omitempty"`
	CheckedAt int    `json:"t,omitempty"`
}

// Encode takes a Snapshot apart into a head and shards (gzip-compressed JSON of 512 KiB at most). The same Snapshot is
// always encoded alike, and a small change touches few shards. It fails for more than some 500,000 people.
func Encode(s *Snapshot) (*Head, [][]byte, error) {
	e := newEncoder(s)
	people, err := e.people()
	if err != nil {
		return nil, nil, err
	}
	shards, err := shard(people)
	if err != nil {
		return nil, nil, err
	}
	e.head.Checksums = make([]string, len(shards))
	for i := range shards {
		if shards[i], err = compress(shards[i]); err != nil {
			return nil, nil, err
		}
		e.head.Checksums[i] = checksum(shards[i])
	}
	return &e.head, shards, nil
}

type encoder struct {
	snapshot *Snapshot
	head     Head
	order    []string // folded names of the groups
	timeOf   map[time.Time]int
}

func newEncoder(s *Snapshot) *encoder {
	e := &encoder{snapshot: s, timeOf: map[time.Time]int{}}
	s.times(func(at time.Time) { e.timeOf[plain(at)] = 0 })
	e.head.Version = version
	all := slices.SortedFunc(maps.Keys(e.timeOf), time.Time.Compare)
	every := (len(all) + maxTimes - 1) / maxTimes
	for i, at := range all {
		if i%every == 0 {
			e.head.Times = append(e.head.Times, at)
		}
		e.timeOf[at] = i / every
	}
	e.order = slices.Sorted(maps.Keys(s.Groups))
	for _, name := range e.order {
		g := s.Groups[name]
		out := headGroup{Name: g.Name, SyncedAt: e.timeOf[plain(g.SyncedAt)], Missing: g.Missing}
		if g.Held != nil {
			out.Held = &headLoss{Since: plain(g.Held.Since), Missing: g.Held.Missing}
		}
		e.head.Groups = append(e.head.Groups, out)
	}
	return e
}

// people encodes everybody, by folded name.
func (e *encoder) people() (map[string][]byte, error) {
	all := map[string]*person{}
	the := func(name string) *person {
		if all[name] == nil {
			all[name] = &person{Name: name}
		}
		return all[name]
	}
	for name, u := range e.snapshot.Users {
		out := &personUser{Key: u.Key, Active: u.Active, FormerKey: u.FormerKey, CheckedAt: e.timeOf[plain(u.CheckedAt)]}
		if u.Name != name {
			out.Spelled = u.Name
		}
		the(name).User = out
	}
	for i, group := range e.order { // in order, so that each person's groups are in order
		g := e.snapshot.Groups[group]
		for name := range g.Members {
			the(name).Groups = append(the(name).Groups, i)
		}
		if g.Held == nil {
			continue
		}
		for name := range g.Held.Members {
			the(name).Held = append(the(name).Held, i)
		}
	}
	encoded := make(map[string][]byte, len(all))
	for name, p := range all {
		text, err := json.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encode a user: %w", err)
		}
		encoded[name] = text
	}
	return encoded, nil
}

// plain is a time as it comes back from JSON.
func plain(at time.Time) time.Time { return at.UTC().Round(0) }
