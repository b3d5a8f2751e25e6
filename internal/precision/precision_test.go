// SPDX-License-Identifier: Apache-2.0

package precision_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

func TestAddress(t *testing.T) {
	for _, c := range []struct{ address, full, prefix string }{
		{"203.0.113.7", "203.0.113.7", "203.0.113.0/24"},
		{"::ffff:203.0.113.7", "203.0.113.7", "203.0.113.0/24"},
		{"2001:db8:1:2:3::7", "2001:db8:1:2:3::7", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::1", "fe80::/64"},
	} {
		address := netip.MustParseAddr(c.address)
		for p, want := range map[string]string{"Full": c.full, "Prefix": c.prefix, "None": "", "": "", "full": ""} {
			if got := precision.Text(precision.Address(address, p)); got != want {
				t.Errorf("%s, %q: %s", c.address, p, got)
			}
		}
	}
	if kept := precision.Address(netip.Addr{}, "Full"); kept.IsValid() || precision.Text(kept) != "" {
		t.Errorf("%v", kept)
	}
}

func TestProduct(t *testing.T) {
	for agent, want := range map[string]string{
		"python-requests/2.32.3": "python-requests", "Mozilla/5.0 (X11)": "Mozilla", "curl": "curl", "": "", "(x)": "", "é": "",
	} {
		if got := precision.Product(agent); got != want {
			t.Errorf("%q: %q", agent, got)
		}
	}
}

func TestTime(t *testing.T) {
	at := time.Date(2026, 11, 1, 23, 59, 58, 7, time.FixedZone("", -3600)) // in UTC, it is tomorrow
	for p, want := range map[string]string{
		"Minute": "2026-11-02T00:59:00Z", "Hour": "2026-11-02T00:00:00Z", "Day": "2026-11-02T00:00:00Z", "x": "2026-11-02T00:00:00Z",
	} {
		if got := precision.Time(at, p).Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: %s", p, got)
		}
	}
}
