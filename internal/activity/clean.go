// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

const (
	// maxCount bounds what one report can add: more requests than a gateway serves in a year.
	maxCount = 1e12
	// maxRefusals bounds the reasons in one report.
	maxRefusals = 64
	// maxUserAgent bounds a user agent, in bytes.
	maxUserAgent = 256
	// maxWaiting bounds, in seconds, how long a report can claim to have waited: who waits longest goes first.
	maxWaiting = 24 * 60 * 60
)

var reasonName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Precision says how exactly a policy wants to know of uses. Its fields have the values of the policy's.
type Precision struct{ Times, Addresses, UserAgents string }

// Clean makes what a gateway reports of a token's use fit to be written: no more exact than the policy wants to know, which
// the gateway may not have heard yet, not in the future, and bounded. Its error names a field that makes no sense at all.
func (u *Use) Clean(p Precision, now time.Time) error {
	switch {
	case u.Number < 1:
		return fmt.Errorf("number is %d; 1 or more is needed", u.Number)
	case u.Requests < 0:
		return fmt.Errorf("requests is %d; it can't be negative", u.Requests)
	case u.LastUsed < 0 || u.LastRefused < 0:
		return fmt.Errorf("lastUsed is %d and lastRefused %d; they can't be negative", u.LastUsed, u.LastRefused)
	case len(u.Refusals) > maxRefusals:
		return fmt.Errorf("refusals has more than %d entries", maxRefusals)
	}
	for i := range u.Refusals {
		r := &u.Refusals[i]
		if !reasonName.MatchString(r.Reason) {
			return fmt.Errorf("refusals[%d].reason is %.80q; small letters, digits and dashes are needed", i, r.Reason)
		}
		if r.Count < 1 {
			return fmt.Errorf("refusals[%d].count is %d; 1 or more is needed", i, r.Count)
		}
		r.Count = min(r.Count, maxCount)
	}
	u.Requests = min(u.Requests, maxCount)
	u.Waiting = min(max(u.Waiting, 0), maxWaiting)
	u.LastUsed, u.LastRefused = p.time(u.LastUsed, now), p.time(u.LastRefused, now)
	u.Address, u.UserAgent = p.address(u.Address), p.userAgent(u.UserAgent)
	return nil
}

// time is no later than now, whatever a gateway's clock says.
func (p Precision) time(seconds int64, now time.Time) int64 {
	if seconds == 0 {
		return 0
	}
	return precision.Time(time.Unix(min(seconds, now.Unix()), 0), p.Times).Unix()
}

// address is empty if it is none.
func (p Precision) address(text string) string {
	if len(text) > 64 {
		return ""
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return ""
		}
		network = precision.Address(address, precision.Full)
	}
	kept := precision.Address(network.Addr(), p.Addresses)
	if kept.IsValid() && kept.Bits() > network.Bits() { // told less exactly than it may be
		kept = network.Masked()
	}
	return precision.Text(kept)
}

// userAgent shows what it holds: what a screen would not show becomes a question mark.
func (p Precision) userAgent(text string) string {
	switch p.UserAgents {
	case precision.Full:
	case precision.Prefix:
		text = precision.Product(text)
	default:
		return ""
	}
	if len(text) > maxUserAgent {
		text = text[:maxUserAgent]
	}
	visible := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(text, ""))
	return strings.TrimSpace(visible)
}
