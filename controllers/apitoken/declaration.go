// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// byDefault is what the expiry fields say if there are none.
const byDefault = "default"

// declaration says when the expiry fields were last changed, and what they say. The latest credential remembers it;
// without one the ApiToken's annotation does, and without that its creation counts, which is the stricter.
func declaration(s *situation) (time.Time, string) {
	declared, now := declaredExpiry(&s.token.Spec), s.now.UTC().Truncate(time.Second)
	created := s.token.CreationTimestamp.UTC()
	if s.token.CreationTimestamp.IsZero() { // it is only about to be created
		created = now
	}
	if latest := latestSlot(s.slots); latest != nil {
		if latest.credential.DeclaredExpiry == declared {
			return latest.credential.DeclaredAt, declared
		}
		return now, declared
	}
	at, said, ok := parseDeclaration(s.token.Annotations[annotationDeclared])
	switch {
	case !ok:
		return created, declared
	case said != declared:
		return now, declared
	case at.After(now) && at.After(created): // the API server's clock may be ahead of ours, but nobody declares later than now
		return now, declared
	case at.Before(created):
		return created, declared
	}
	return at, declared
}

// keptExpiry: a default is for tokens that are declared while it stands. Changing or removing it moves nobody's expiry.
func keptExpiry(s *situation, declared string) (expiresAt *time.Time, ok bool) {
	latest := latestSlot(s.slots)
	if declared != byDefault || latest == nil || latest.credential.DeclaredExpiry != byDefault {
		return nil, false
	}
	return latest.credential.ExpiresAt, true
}

// latestSlot is the newest slot that can be read, was not replaced and is not only about to replace another one; if there is
// no such, the newest that can be read; nil: there is none.
func latestSlot(slots []slot) *slot {
	var newest *slot
	for i := range slices.Backward(slots) {
		s := &slots[i]
		if s.credential == nil {
			continue
		}
		if newest == nil {
			newest = s
		}
		if s.credential.RetireAt == nil && !isPending(s, slots) {
			return s
		}
	}
	return newest
}

// isPending tells whether a slot takes the place of another one that does not retire yet.
func isPending(s *slot, slots []slot) bool {
	return slices.ContainsFunc(slots, func(other slot) bool {
		return other.credential != nil && other.credential.RetireAt == nil && succeeds(s, &other)
	})
}

func declaredExpiry(spec *v1alpha1.ApiTokenSpec) string {
	switch {
	case spec.ExpiresAt != nil:
		return "expiresAt=" + spec.ExpiresAt.UTC().Format(time.RFC3339)
	case spec.Lifetime != "":
		return "lifetime=" + string(spec.Lifetime)
	default:
		return byDefault
	}
}

func formatDeclaration(at time.Time, declared string) string {
	return at.UTC().Format(time.RFC3339) + " " + declared
}

func parseDeclaration(text string) (at time.Time, declared string, ok bool) {
	first, declared, ok := strings.Cut(text, " ")
	if !ok {
		return time.Time{}, "", false
	}
	at, err := time.Parse(time.RFC3339, first)
	return at.UTC(), declared, err == nil
}
