// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"math"
	"sync/atomic"
	"time"
)

// never is the age of what was never known.
const never = time.Duration(math.MaxInt64)

// contact remembers when the API last confirmed what one feed knows.
type contact struct{ last atomic.Pointer[moment] }

type moment struct {
	at time.Time
	// restored: it comes from a snapshot and has no monotonic reading, so the clock may have been set since.
	restored bool
}

func (c *contact) confirm(now time.Time) { c.last.Store(&moment{at: now}) }

// restore takes over a time from a snapshot, unless the API was faster.
func (c *contact) restore(at time.Time) {
	c.last.CompareAndSwap(nil, &moment{at: at, restored: true})
}

func (c *contact) time() time.Time {
	if m := c.last.Load(); m != nil {
		return m.at
	}
	return time.Time{}
}

// age takes the greater one of what the monotonic and the wall clock say: the monotonic clock stands still while a
// machine is suspended, and the wall clock can be set back.
func (c *contact) age(now time.Time) time.Duration {
	m := c.last.Load()
	if m == nil {
		return never
	}
	age := max(now.Sub(m.at), now.Round(0).Sub(m.at.Round(0)))
	if age >= 0 {
		return age
	}
	if m.restored {
		return never // the clock was set back to before the contact: the age is unknown
	}
	return 0 // confirmed since the caller took the time
}
