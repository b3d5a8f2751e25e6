// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// TestOwnerIsAPerson: the name is the same in all cases, what Jira says of it is not.
func TestOwnerIsAPerson(t *testing.T) {
	alice := func(key string, active bool, formerKey string) *directory.User {
		return &directory.User{Name: "alice", Key: key, Active: active, FormerKey: formerKey, CheckedAt: lately}
	}
	checked := func(at time.Time) *directory.User {
		user := alice("k1", true, "")
		user.CheckedAt = at
		return user
	}
	for name, c := range map[string]struct {
		user   *directory.User
		pinned string
		want   policy.Verdict
		says   string
	}{
		"first look":                         {alice("k1", true, ""), "", policy.Permitted, "permitted by rule"},
		"the same person":                    {alice("k1", true, ""), "k1", policy.Permitted, ""},
		"never looked up":                    {nil, "", policy.DirectoryPending, `has not been asked yet about the owner "alice"`},
		"at the limit of staleness":          {checked(now.Add(-24 * time.Hour)), "", policy.Permitted, ""},
		"stale":                              {checked(longAgo), "k1", policy.DirectoryPending, "spec.directory.maxStaleness"},
		"checked at a time yet to come":      {checked(now.Add(48 * time.Hour)), "k1", policy.DirectoryPending, ""},
		"no such user":                       {alice("", false, ""), "", policy.OwnerNotFound, "right name in spec.owner"},
		"no such user, but the token had it": {alice("", false, ""), "k1", policy.OwnerChanged, "renamed or deleted"},
		"no such user, but Jira once had":    {alice("", false, "k1"), "", policy.OwnerChanged, "renamed or deleted"},
		"the name is another's now":          {alice("k2", true, "k1"), "k1", policy.OwnerChanged, `key "k2"`},
		"another's, who is not active":       {alice("k2", false, "k1"), "k1", policy.OwnerChanged, ""},
		"not active":                         {alice("k1", false, ""), "k1", policy.OwnerInactive, "activate"},
		"back again":                         {alice("k1", true, "k1"), "k1", policy.Permitted, ""},
	} {
		dir := snapshot()
		if c.user != nil {
			dir.Users["alice"] = c.user
		}
		got := verdictOf(t, withDirectory(testPolicy()), dir, request(func(r *policy.Request) { r.Owner, r.OwnerKey = "ALICE", c.pinned }))
		if got.Verdict != c.want || !strings.Contains(strings.ToLower(got.Message), strings.ToLower(c.says)) {
			t.Errorf("%s: %d %s, want %d with %q", name, got.Verdict, got.Message, c.want, c.says)
		}
		if remembers := got.OwnerKey != ""; remembers != (got.Verdict == policy.Permitted) {
			t.Errorf("%s: the key to remember is %q", name, got.OwnerKey)
		}
	}
}

// TestOwnerIsLookedAtLast: who is not permitted learns nothing of other people, and without directory nobody is asked.
func TestOwnerIsLookedAtLast(t *testing.T) {
	refused := request(func(r *policy.Request) { r.Owner = "eve" })
	if got := verdictOf(t, withDirectory(testPolicy()), snapshot(), refused); got.Verdict != policy.NotPermitted {
		t.Errorf("%d %s", got.Verdict, got.Message)
	}
	if got := verdictOf(t, testPolicy(), nil, request(func(r *policy.Request) { r.OwnerKey = "k1" })); got.Verdict != policy.Permitted {
		t.Errorf("%d %s", got.Verdict, got.Message)
	}
}

// TestForgottenClock: a caller that sets no time gets nothing out of what Jira said.
func TestForgottenClock(t *testing.T) {
	r := request(func(r *policy.Request) { r.Now = time.Time{} })
	if got := verdictOf(t, withDirectory(testPolicy()), snapshot("alice"), r); got.Verdict != policy.DirectoryPending {
		t.Errorf("%d %s", got.Verdict, got.Message)
	}
}
