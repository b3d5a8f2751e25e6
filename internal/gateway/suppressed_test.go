// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// TestSuppressedRequestsAreCountedInLines: a network that guesses tokens has one line a minute, with how many it was.
func TestSuppressedRequestsAreCountedInLines(t *testing.T) {
	b := newBench(t)
	for range failureBurst + 20 {
		b.send("GET", myself, bearer(unknownToken))
	}
	b.auditLines(failureBurst)
	b.handler.writeSuppressed(b.clock.Now())
	b.handler.writeSuppressed(b.clock.Now()) // there is nothing more
	lines := b.auditLines(failureBurst + 1)
	last := lines[len(lines)-1]
	if len(lines) != failureBurst+1 || last.Suppressed != 20 || last.Address != "127.0.0.0/24" || last.Reason != reasonFailures ||
		last.Decision != "refused" || last.Status != http.StatusTooManyRequests || last.Time == "" {
		t.Errorf("%d lines, %+v", len(lines), last)
	}
	b.send("GET", myself, bearer(unknownToken))
	b.config.Audit = &gatewayconfig.Audit{Addresses: precision.None}
	b.configure()
	b.handler.suppressed.count(netip.MustParseAddr("192.0.2.1"))
	b.handler.Close() // what was counted is not lost with a restart
	lines = b.auditLines(failureBurst + 2)
	if last = lines[len(lines)-1]; last.Suppressed != 2 || last.Address != "" {
		t.Errorf("%+v", last)
	}
}

// TestSuppressedNetworksAreBounded, in memory and in lines, and a full log postpones them.
func TestSuppressedNetworksAreBounded(t *testing.T) {
	b := newBench(t)
	stuck := stuckWriter{make(chan struct{}), b.audit}
	log := b.logTo(stuck)
	const networks = maxSuppressed + 100
	for i := range networks {
		b.handler.suppressed.count(netip.AddrFrom4([4]byte{192, byte(i >> 8), byte(i), 1}))
	}
	for log.reserve() {
		log.write(auditLine{TokenID: "id", reserved: true})
	}
	b.handler.writeSuppressed(time.Now())
	close(stuck.release)
	b.auditLines(auditQueue)
	for len(log.room) > 0 {
		time.Sleep(time.Millisecond)
	}
	b.handler.writeSuppressed(time.Now())
	var sum, lines int64
	for _, line := range b.auditLines(auditQueue + maxSuppressed + 1) {
		if sum += line.Suppressed; line.Suppressed > 0 {
			lines++
		}
	}
	if sum != networks || lines != maxSuppressed+1 {
		t.Errorf("%d in %d lines", sum, lines)
	}
}
