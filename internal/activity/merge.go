// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	// maxReasons and maxCounted are what a status has room for.
	maxReasons = 16
	maxCounted = 16
	// maxTotal keeps sums to what every reader of JSON can hold.
	maxTotal = 1 << 53
)

// Merge adds a report of a token's use, which must be clean, to its status. It changes nothing and says so if the report, or
// a later one of the same gateway, is part of it already.
func Merge(s *v1alpha1.ActivityStatus, gateway string, u *Use) (changed bool) {
	if !note(s, gateway, u.Number) {
		return false
	}
	s.Requests = sum(s.Requests, u.Requests)
	if later(&s.LastUsedAt, u.LastUsed) {
		s.LastAddress, s.LastUserAgent = u.Address, u.UserAgent
	}
	later(&s.LastRefusedAt, u.LastRefused)
	for _, r := range u.Refusals {
		s.Refused = sum(s.Refused, r.Count)
		i := slices.IndexFunc(s.Refusals, func(c v1alpha1.RefusalCount) bool { return c.Reason == r.Reason })
		if i < 0 {
			s.Refusals = append(s.Refusals, v1alpha1.RefusalCount{Reason: r.Reason, Count: r.Count})
			continue
		}
		s.Refusals[i].Count = sum(s.Refusals[i].Count, r.Count)
	}
	slices.SortStableFunc(s.Refusals, func(a, b v1alpha1.RefusalCount) int { return cmp.Compare(b.Count, a.Count) })
	s.Refusals = s.Refusals[:min(len(s.Refusals), maxReasons)]
	return true
}

// note writes down that a report is counted, unless it was. The gateway whose last report is the oldest is forgotten first:
// that a report of it is repeated after reports of 16 others would take an answer that was lost for very long.
func note(s *v1alpha1.ActivityStatus, gateway string, number int64) bool {
	i := slices.IndexFunc(s.Counted, func(c v1alpha1.CountedReport) bool { return c.Gateway == gateway })
	if i >= 0 {
		if s.Counted[i].Number >= number {
			return false
		}
		s.Counted = slices.Delete(s.Counted, i, i+1)
	}
	s.Counted = slices.Insert(s.Counted, 0, v1alpha1.CountedReport{Gateway: gateway, Number: number})
	s.Counted = s.Counted[:min(len(s.Counted), maxCounted)]
	return true
}

// later moves a time forward, and tells whether the new one is no earlier than that before.
func later(at **metav1.Time, seconds int64) bool {
	if seconds == 0 || *at != nil && (*at).Unix() > seconds {
		return false
	}
	*at = &metav1.Time{Time: time.Unix(seconds, 0)}
	return true
}

func sum(a, b int64) int64 { return min(a+b, maxTotal) }

// Coarsen takes from a status what is more exact than the policy wants to know by now, and tells whether there was any.
func Coarsen(s *v1alpha1.ActivityStatus, p Precision) (changed bool) {
	for _, at := range []**metav1.Time{&s.LastUsedAt, &s.LastRefusedAt} {
		if *at == nil {
			continue
		}
		if seconds := p.time((*at).Unix(), (*at).Time); seconds != (*at).Unix() {
			*at, changed = &metav1.Time{Time: time.Unix(seconds, 0)}, true
		}
	}
	address, agent := p.address(s.LastAddress), p.userAgent(s.LastUserAgent)
	changed = changed || address != s.LastAddress || agent != s.LastUserAgent
	s.LastAddress, s.LastUserAgent = address, agent
	return changed
}
