// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"errors"
	"fmt"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// ErrDamaged says that what was kept is not whole, was changed, or is of another version. Nothing of it is believed.
var ErrDamaged = errors.New("what was kept of Jira's groups and users is damaged or of another version")

// Decode puts a Snapshot together again. Whatever is wrong anywhere is ErrDamaged.
func Decode(h *Head, shards [][]byte) (*Snapshot, error) {
	if h.Version != version || len(shards) != len(h.Checksums) || len(shards) > maxShards {
		return nil, damaged("version or number of shards")
	}
	d := &decoder{head: h, snapshot: &Snapshot{Groups: map[string]*Group{}, Users: map[string]*User{}}}
	if err := d.groups(); err != nil {
		return nil, err
	}
	for i, data := range shards {
		if checksum(data) != h.Checksums[i] {
			return nil, damaged("checksum of a shard")
		}
		people, err := decompress(data)
		if err != nil {
			return nil, err
		}
		for j := range people {
			if err := d.add(&people[j], i); err != nil {
				return nil, err
			}
		}
	}
	return d.snapshot, nil
}

func damaged(what string) error { return fmt.Errorf("%w (%s)", ErrDamaged, what) }

type decoder struct {
	head     *Head
	snapshot *Snapshot
	order    []*Group
	seen     map[string]bool
}

func (d *decoder) groups() error {
	d.seen = map[string]bool{}
	for i := range d.head.Groups {
		in := &d.head.Groups[i]
		at, ok := d.time(in.SyncedAt)
		name := grant.FoldUser(in.Name)
		if !ok || name == "" || d.snapshot.Groups[name] != nil {
			return damaged("a group")
		}
		g := &Group{Name: in.Name, Members: map[string]bool{}, SyncedAt: at, Missing: in.Missing}
		if in.Held != nil {
			g.Held = &Loss{Since: plain(in.Held.Since), Members: map[string]bool{}, Missing: in.Held.Missing}
		}
		d.snapshot.Groups[name] = g
		d.order = append(d.order, g)
	}
	return nil
}

func (d *decoder) time(number int) (time.Time, bool) {
	if number < 0 || number >= len(d.head.Times) {
		return time.Time{}, false
	}
	return plain(d.head.Times[number]), true
}

func (d *decoder) add(p *person, number int) error {
	if p.Name == "" || grant.FoldUser(p.Name) != p.Name || d.seen[p.Name] || shardOf(p.Name, len(d.head.Checksums)) != number {
		return damaged("a name")
	}
	d.seen[p.Name] = true
	for _, i := range p.Groups {
		if i < 0 || i >= len(d.order) {
			return damaged("a member of no group")
		}
		d.order[i].Members[p.Name] = true
	}
	for _, i := range p.Held {
		if i < 0 || i >= len(d.order) || d.order[i].Held == nil {
			return damaged("a member of no held loss")
		}
		d.order[i].Held.Members[p.Name] = true
	}
	if p.User == nil {
		return nil
	}
	at, ok := d.time(p.User.CheckedAt)
	if !ok {
		return damaged("a time")
	}
	u := &User{Name: p.User.Spelled, Key: p.User.Key, Active: p.User.Active, FormerKey: p.User.FormerKey, CheckedAt: at}
	if u.Name == "" {
		u.Name = p.Name
	}
	if grant.FoldUser(u.Name) != p.Name || (u.Active && u.Key == "") {
		return damaged("a user")
	}
	d.snapshot.Users[p.Name] = u
	return nil
}
