// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// width says how much a decision lets happen.
func width(d policy.Decision) int {
	switch {
	case d.Verdict != policy.Permitted:
		return 0
	case d.NeedsApproval:
		return 1
	}
	return 2
}

// TestNarrowingNeverWidens: with something taken away, nothing is permitted that was not, nor without an approval that
// was asked for.
func TestNarrowingNeverWidens(t *testing.T) {
	for name, n := range narrowings {
		t.Run(name, func(t *testing.T) {
			permitted, narrowed := 0, 0
			rapid.Check(t, func(t *rapid.T) {
				w := drawWorld(t)
				if n.frees {
					w.older = nil
				}
				before := w.decide(t)
				n.apply(t, w, &w.policy.Spec.Rules[pick(t, len(w.policy.Spec.Rules))])
				after := w.decide(t)
				if width(after) > width(before) {
					t.Fatalf("%d %s\nbecame %d %s", before.Verdict, before.Message, after.Verdict, after.Message)
				}
				permitted += min(1, width(before))
				narrowed += min(1, max(0, width(before)-width(after)))
			})
			t.Logf("of %d permissions %d were narrowed", permitted, narrowed)
		})
	}
}

// TestOrderHasNoMeaning: rules decide the same in any order, down to the message.
func TestOrderHasNoMeaning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		before := w.decide(t)
		w.policy.Spec.Rules = rapid.Permutation(w.policy.Spec.Rules).Draw(t, "order")
		if after := w.decide(t); after != before {
			t.Fatalf("%+v became %+v", before, after)
		}
	})
}

// TestSameInSameOut: deciding changes nothing, and the same is decided again.
func TestSameInSameOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		compiled, err := policy.Compile(w.policy, w.dir)
		if err != nil {
			t.Fatal(err)
		}
		explained := compiled.Explain(w.request)
		before := w.decide(t)
		if after := w.decide(t); after != before {
			t.Fatalf("%+v became %+v", before, after)
		}
		if again := compiled.Explain(w.request); !reflect.DeepEqual(again, explained) {
			t.Fatalf("%+v became %+v", explained, again)
		}
	})
}

// TestNeverMoreTokensThanTheMost: each of an owner's tokens is decided on at another time, when another part of what
// there is to know was known. Never are more of them permitted than the rule says.
func TestNeverMoreTokensThanTheMost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.policy.Spec.Rules = w.policy.Spec.Rules[:1]
		most := rapid.Int32Range(1, 3).Draw(t, "most")
		w.policy.Spec.Rules[0].Limits.MaxTokensPerOwner = &most
		permitted := int32(0)
		var older []*policy.Request
		for range rapid.IntRange(1, 8).Draw(t, "tokens") {
			r := *w.request
			if chance(t, 3, "another kind") {
				r = *drawRequest(t, "t")
				r.Owner = w.request.Owner
			}
			older = append(older, &r)
		}
		for i, r := range older {
			moment := &world{policy: w.policy, dir: forget(t, w.dir), request: r, older: forgetRequesters(t, older[:i])}
			if width(moment.decide(t)) > 0 {
				permitted++
				r.Live = true // as it would be once it is issued
			}
		}
		if permitted > most {
			t.Fatalf("%d tokens are permitted, the most is %d", permitted, most)
		}
	})
}

// forget is a snapshot with less in it.
func forget(t *rapid.T, s *directory.Snapshot) *directory.Snapshot {
	if s == nil || chance(t, 1, "forget all") {
		return nil
	}
	less := &directory.Snapshot{Users: s.Users, Groups: map[string]*directory.Group{}}
	for _, name := range groupNames {
		if g := s.Group(string(name)); g != nil && chance(t, 8, "keep") {
			less.Groups[grant.FoldUser(string(name))] = g
		}
	}
	return less
}

func forgetRequesters(t *rapid.T, list []*policy.Request) []*policy.Request {
	less := make([]*policy.Request, len(list))
	for i, r := range list {
		copied := *r
		if chance(t, 2, "forget the requester") {
			copied.Requester = nil
		}
		less[i] = &copied
	}
	return less
}
