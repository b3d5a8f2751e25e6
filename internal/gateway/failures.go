// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"
)

const (
	failureEvery  = 500 * time.Millisecond
	failureBurst  = 100
	failureSlots  = 1 << 16
	failureWindow = failureBurst * failureEvery
)

// failureLimit bounds the failures of each network (IPv4 /24, IPv6 /64): 100 at once and two a second. It is a table of
// fixed size, of times until which a network's budget is used up (GCRA). Networks that share a slot, which nobody can
// foresee, share a budget; whoever has a token that is known needs none.
type failureLimit struct {
	seed  maphash.Seed
	began time.Time
	slots [failureSlots]atomic.Int64 // since began
}

func newFailureLimit(now time.Time) *failureLimit {
	return &failureLimit{seed: maphash.MakeSeed(), began: now}
}

// take counts a failure, or says in how many seconds, at least 1, another one is heard.
func (l *failureLimit) take(address netip.Addr, now time.Time) (retryAfter int) {
	slot, at := l.slot(address), int64(now.Sub(l.began))
	for {
		stored := slot.Load()
		used := max(stored, at)
		if over := used + int64(failureEvery) - at - int64(failureWindow); over > 0 {
			return roundUp(time.Duration(over))
		}
		if slot.CompareAndSwap(stored, used+int64(failureEvery)) {
			return 0
		}
	}
}

// exhausted says in how many seconds another failure is heard, without counting one; 0: now.
func (l *failureLimit) exhausted(address netip.Addr, now time.Time) (retryAfter int) {
	at := int64(now.Sub(l.began))
	if over := max(l.slot(address).Load(), at) + int64(failureEvery) - at - int64(failureWindow); over > 0 {
		return roundUp(time.Duration(over))
	}
	return 0
}

func (l *failureLimit) slot(address netip.Addr) *atomic.Int64 {
	network := networkOf(address)
	return &l.slots[maphash.Bytes(l.seed, network[:])%failureSlots]
}

func networkOf(address netip.Addr) (network [16]byte) {
	network = address.Unmap().As16()
	if address.Unmap().Is4() {
		network[15] = 0
	} else {
		clear(network[8:])
	}
	return network
}

// limitFailures comes after a credential that is none. A request without one costs nothing: many clients send their
// credentials only when they are asked.
func (h *Handler) limitFailures(x *exchange, refusal *Refusal) *Refusal {
	if x.credential.kind == noCredential {
		return refusal
	}
	retryAfter := h.failures.take(knownAddress(x), x.start)
	if retryAfter == 0 {
		return refusal
	}
	return &Refusal{
		Status: http.StatusTooManyRequests, Reason: reasonFailures, RetryAfter: retryAfter,
		Message: "too many requests with wrong credentials came from this address or its network; correct the token",
	}
}
