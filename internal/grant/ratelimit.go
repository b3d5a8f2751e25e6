// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"math/bits"
	"time"
)

// RateLimit is how many requests a token may make, over all replicas of the gateway together.
type RateLimit struct {
	// Requests in each Period; at least 1.
	Requests int32 `json:"requests"`
	// Period in nanoseconds; above 0.
	Period time.Duration `json:"period"`
	// Burst is how many may be made at once; at least 1.
	Burst int32 `json:"burst"`
	// Concurrent is how many may be in progress; 0: any number.
	Concurrent int32 `json:"concurrent,omitempty"`
}

// Within tells whether a limit lets through no more than another, neither over time nor at once.
func (l RateLimit) Within(ceiling RateLimit) bool {
	return compareProducts(l.Requests, ceiling.Period, ceiling.Requests, l.Period) <= 0 && l.Burst <= ceiling.Burst &&
		(ceiling.Concurrent == 0 || l.Concurrent > 0 && l.Concurrent <= ceiling.Concurrent)
}

// Share is the part of a limit that each of a number of replicas lets through, rounded up so that none of them lets
// through nothing. Below 1 the number counts as 1.
func (l RateLimit) Share(replicas int32) RateLimit {
	l.Requests, l.Burst = ShareOf(l.Requests, replicas), ShareOf(l.Burst, replicas)
	l.Concurrent = ShareOf(l.Concurrent, replicas)
	return l
}

// ShareOf is one replica's part of a limit, rounded up; of none it is none.
func ShareOf(whole, replicas int32) int32 {
	replicas = max(replicas, 1)
	share := whole / replicas
	if whole%replicas > 0 {
		share++
	}
	return share
}

// compareProducts compares requests x period of two; the products need more than 64 bits.
func compareProducts(a int32, aPeriod time.Duration, b int32, bPeriod time.Duration) int {
	aHigh, aLow := bits.Mul64(uint64(a), uint64(aPeriod)) //nolint:gosec // both are above 0
	bHigh, bLow := bits.Mul64(uint64(b), uint64(bPeriod)) //nolint:gosec // as above
	switch {
	case aHigh != bHigh && aHigh < bHigh, aHigh == bHigh && aLow < bLow:
		return -1
	case aHigh == bHigh && aLow == bLow:
		return 0
	}
	return 1
}
