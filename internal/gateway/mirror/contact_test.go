// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"testing"
	"time"
	"unsafe"
)

// age never says younger than it may be.
func TestContactAge(t *testing.T) {
	now := time.Now() // with a monotonic reading
	wall := now.Round(0)
	for name, c := range map[string]struct {
		contact time.Time
		live    bool
		now     time.Time
		want    time.Duration
	}{
		"live":                            {now, true, now.Add(time.Minute), time.Minute},
		"live, confirmed after the look":  {now.Add(time.Millisecond), true, now, 0},
		"live, machine was suspended":     {now, true, apart(t, now, 0, 48*time.Hour), 48 * time.Hour},
		"live, clock set back":            {now, true, apart(t, now, time.Hour, -time.Hour), time.Hour},
		"restored":                        {wall, false, now.Add(time.Hour), time.Hour},
		"restored, clock set back":        {wall, false, now.Add(-time.Second), never},
		"restored, clock set back at all": {wall, false, wall.Add(-1), never},
	} {
		var k contact
		if c.live {
			k.confirm(c.contact)
		} else {
			k.restore(c.contact)
		}
		if got := k.age(c.now); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	var nothing contact
	if nothing.age(now) != never {
		t.Error("no contact has an age")
	}
}

// apart is a later time by two clocks that disagree on how much later. Package time makes none, so its monotonic reading,
// the second word, is written to.
func apart(t *testing.T, from time.Time, monotonic, wall time.Duration) time.Time {
	t.Helper()
	out := from.Add(wall)
	*(*int64)(unsafe.Add(unsafe.Pointer(&out), 8)) += int64(monotonic - wall)
	if out.Sub(from) != monotonic || out.Round(0).Sub(from.Round(0)) != wall {
		t.Fatal("package time has another layout")
	}
	return out
}

// What the API has confirmed is not overwritten by a snapshot that was read meanwhile.
func TestContactRestoreComesLate(t *testing.T) {
	var k contact
	now := time.Now()
	k.confirm(now)
	k.restore(now.Add(-time.Hour))
	if got := k.age(now); got != 0 {
		t.Errorf("got %v", got)
	}
}
