// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"maps"
	"slices"
	"time"
)

// Set holds authorities, the oldest first.
type Set []*Authority

// ParseSet reads the data of a Secret of the type jiratokens.io/webhook-authority: each value is one authority. What
// can't be read is left out and named in problems.
func ParseSet(data map[string][]byte) (set Set, problems []string) {
	for _, name := range slices.Sorted(maps.Keys(data)) {
		a, err := decode(data[name])
		if err != nil {
			problems = append(problems, name+" "+err.Error())
			continue
		}
		set = append(set, a)
	}
	slices.SortStableFunc(set, func(a, b *Authority) int {
		return a.Certificate.NotBefore.Compare(b.Certificate.NotBefore)
	})
	return set, problems
}

// Encode writes the set for a Secret.
func (s Set) Encode() (map[string][]byte, error) {
	data := map[string][]byte{}
	for _, a := range s {
		text, err := a.Encode()
		if err != nil {
			return nil, err
		}
		data[a.createdAt().Format("20060102T150405Z")+".pem"] = text
	}
	return data, nil
}

// Renew gives the set that should be: without those that have expired, and with another one in good time before the
// newest does. changed is false if it is the present one.
func (s Set) Renew(now time.Time) (renewed Set, changed bool, err error) {
	for _, a := range s {
		if now.Before(a.Certificate.NotAfter) {
			renewed = append(renewed, a)
		}
	}
	if len(renewed) == 0 || now.After(renewed.renewAt()) {
		a, err := New(now)
		if err != nil {
			return nil, false, err
		}
		return append(renewed, a), true, nil
	}
	return renewed, len(renewed) != len(s), nil
}

func (s Set) renewAt() time.Time { return s[len(s)-1].Certificate.NotAfter.Add(-renewBefore) }

// Until is how long Renew has nothing to do; at least a second.
func (s Set) Until(now time.Time) time.Duration {
	if len(s) == 0 {
		return time.Second
	}
	next := s.renewAt()
	if end := s[0].Certificate.NotAfter; end.Before(next) {
		next = end
	}
	return max(next.Sub(now)+time.Second, time.Second)
}
