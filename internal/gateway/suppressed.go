// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

const (
	suppressedEvery = time.Minute
	// maxSuppressed bounds the networks that are told apart; what comes from others within a minute is one number.
	maxSuppressed = 1024
)

// suppressedLog counts the requests that have no audit line of their own: those of networks from which too many wrong
// credentials came. Each network gets one line a minute instead, so that a flood of guesses is seen and fills no log.
type suppressedLog struct {
	mu       sync.Mutex
	networks map[[16]byte]int64
	others   int64
}

func (l *suppressedLog) count(address netip.Addr) { l.add(networkOf(address), 1) }

func (l *suppressedLog) add(network [16]byte, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.networks[network]; !known && len(l.networks) >= maxSuppressed {
		l.others += n
		return
	}
	if l.networks == nil {
		l.networks = map[[16]byte]int64{}
	}
	l.networks[network] += n
}

func (l *suppressedLog) take() (networks map[[16]byte]int64, others int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	networks, others = l.networks, l.others
	l.networks, l.others = nil, 0
	return networks, others
}

// reportSuppressed runs beside the requests.
func (h *Handler) reportSuppressed(stop <-chan struct{}, clk clock.PassiveClock) {
	ticker := time.NewTicker(suppressedEvery)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
			h.writeSuppressed(clk.Now())
		}
	}
}

// writeSuppressed writes what was counted. What there is no room for is counted on, and told the next time.
func (h *Handler) writeSuppressed(now time.Time) {
	networks, others := h.suppressed.take()
	detail := privacyOf(h.settings.Load())
	for network, n := range networks {
		if detail.addresses == precision.None {
			others += n // lines without addresses would say no more than their sum
			continue
		}
		if !h.writeSum(now, detail.network(netip.AddrFrom16(network)), n) {
			h.suppressed.add(network, n)
		}
	}
	if others > 0 && !h.writeSum(now, "", others) {
		h.suppressed.mu.Lock()
		h.suppressed.others += others
		h.suppressed.mu.Unlock()
	}
}

func (h *Handler) writeSum(now time.Time, network string, n int64) bool {
	if !h.audit.reserve() {
		return false
	}
	h.audit.write(auditLine{
		Time: now.UTC().Format(auditTime), Decision: "refused", Reason: reasonFailures, Status: http.StatusTooManyRequests,
		Address: network, Suppressed: n, reserved: true,
	})
	return true
}
