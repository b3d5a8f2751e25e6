// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

const (
	present = "sha256:now"
	earlier = "sha256:earlier"
	foreign = "sha256:another"
)

// approvalCase is what alice declared; earlier it could do more, and that was approved.
func approvalCase(approvals ...policy.Approval) *policy.ApprovalCase {
	expiry := declared.Add(24 * time.Hour)
	wider := expiry.Add(time.Hour)
	return &policy.ApprovalCase{
		Token: grant.TokenReference{Namespace: "dev", Name: "t", UID: "u"}, Rule: "developers", Digest: present, ExpiresAt: &expiry,
		Grant:      grant.Grant{Owner: "alice", Scopes: []string{"read"}},
		Remembered: &grant.Approved{Digest: earlier, Grant: grant.Grant{Owner: "Alice", Scopes: []string{"read", "write"}}, ExpiresAt: &wider},
		Requester:  requester("oidc:alice"), Approvals: approvals,
	}
}

func approves(name, digest string, by *grant.Requester) policy.Approval {
	return policy.Approval{Name: name, Decision: v1alpha1.DecisionApprove, Digest: digest, Approver: by}
}

func denies(name, digest string, by *grant.Requester) policy.Approval {
	return policy.Approval{Name: name, Decision: v1alpha1.DecisionDeny, Digest: digest, Approver: by}
}

// because is a denial of bob's.
func because(name, reason string) policy.Approval {
	a := denies(name, present, requester("oidc:bob"))
	a.Reason = reason
	return a
}

// TestApproval: which approvals count, and which of several decides.
func TestApproval(t *testing.T) {
	bob, zoe := requester("oidc:bob"), requester("oidc:zoe")
	widened := func(c *policy.ApprovalCase) { c.Grant.Scopes = []string{"read", "write", "admin"} }
	longer := func(c *policy.ApprovalCase) { c.ExpiresAt = nil }
	for name, c := range map[string]struct {
		approvals []policy.Approval
		change    func(*policy.ApprovalCase)
		want      policy.ApprovalState
		decidedBy string // TokenApproval
		says      string
	}{
		"none":                                         {nil, nil, policy.ApprovalMissing, "", "create a TokenApproval in namespace jira-gateway with decision: Approve, apiToken: {namespace: dev, name: t, uid: u} and grantDigest: sha256:now"},
		"approved":                                     {[]policy.Approval{approves("a", present, bob)}, nil, policy.ApprovalGiven, "a", `approved by "oidc:bob"`},
		"approved for more":                            {[]policy.Approval{approves("a", earlier, bob)}, nil, policy.ApprovalGiven, "a", ""},
		"approved before it was widened":               {[]policy.Approval{approves("a", earlier, bob)}, widened, policy.ApprovalMissing, "", "TokenApproval a does not count: it is for what the token could do before"},
		"approved before it lasted longer":             {[]policy.Approval{approves("a", earlier, bob)}, longer, policy.ApprovalMissing, "", ""},
		"approved for more, not remembered":            {[]policy.Approval{approves("a", earlier, bob)}, func(c *policy.ApprovalCase) { c.Remembered = nil }, policy.ApprovalMissing, "", ""},
		"another grant":                                {[]policy.Approval{approves("a", foreign, bob)}, nil, policy.ApprovalMissing, "", ""},
		"remembered, and taken back":                   {nil, nil, policy.ApprovalMissing, "", ""},
		"the first by name":                            {[]policy.Approval{approves("b", present, bob), approves("a", present, zoe)}, nil, policy.ApprovalGiven, "a", ""},
		"for now before for earlier":                   {[]policy.Approval{approves("a", earlier, bob), approves("b", present, zoe)}, nil, policy.ApprovalGiven, "b", ""},
		"own":                                          {[]policy.Approval{approves("a", present, requester("oidc:alice"))}, nil, policy.ApprovalMissing, "", `TokenApproval a does not count: "oidc:alice" made it, who declared the token`},
		"own and another's":                            {[]policy.Approval{approves("a", present, requester("oidc:alice")), approves("b", present, bob)}, nil, policy.ApprovalGiven, "b", ""},
		"unstamped":                                    {[]policy.Approval{approves("a", present, nil)}, nil, policy.ApprovalMissing, "", "no valid stamp"},
		"requester not known":                          {[]policy.Approval{approves("a", present, bob)}, func(c *policy.ApprovalCase) { c.Requester = nil }, policy.ApprovalMissing, "", "jiratokens.io/request"},
		"denied":                                       {[]policy.Approval{denies("d", present, bob)}, nil, policy.ApprovalDenied, "d", `denied by "oidc:bob" (TokenApproval d`},
		"denied with a reason":                         {[]policy.Approval{because("d", "no \"write\"\nhere\x1b[31m")}, nil, policy.ApprovalDenied, "d", `denied by "oidc:bob", who says "no \"write\"\nhere\x1b[31m" (TokenApproval d): to have`},
		"denied with a long reason":                    {[]policy.Approval{because("d", strings.Repeat("ä", 512))}, nil, policy.ApprovalDenied, "d", `ä…" (TokenApproval d): to have`},
		"denied with an unprintable reason":            {[]policy.Approval{because("d", strings.Repeat("\x00", 1024))}, nil, policy.ApprovalDenied, "d", `… (TokenApproval d): to have`},
		"a denial outweighs approvals":                 {[]policy.Approval{approves("a", present, bob), approves("b", present, zoe), denies("d", present, zoe)}, nil, policy.ApprovalDenied, "d", ""},
		"a denial of more counts for less":             {[]policy.Approval{approves("a", present, bob), denies("d", earlier, zoe)}, nil, policy.ApprovalDenied, "d", ""},
		"a denial of less does not":                    {[]policy.Approval{approves("a", present, bob), denies("d", earlier, zoe)}, widened, policy.ApprovalGiven, "a", ""},
		"a denial of another grant":                    {[]policy.Approval{approves("a", present, bob), denies("d", foreign, zoe)}, nil, policy.ApprovalGiven, "a", ""},
		"approved for more, and anything denied since": {[]policy.Approval{approves("a", earlier, bob), denies("d", foreign, zoe)}, nil, policy.ApprovalMissing, "", ""},
		"an unstamped denial":                          {[]policy.Approval{approves("a", present, bob), denies("d", present, nil)}, nil, policy.ApprovalDenied, "d", "somebody whose stamp is not valid"},
		"one's own denial":                             {[]policy.Approval{approves("a", present, bob), denies("d", present, requester("oidc:alice"))}, nil, policy.ApprovalDenied, "d", ""},
		"a denial, requester not known":                {[]policy.Approval{denies("d", present, bob)}, func(c *policy.ApprovalCase) { c.Requester = nil }, policy.ApprovalDenied, "d", ""},
	} {
		asked := approvalCase(c.approvals...)
		if c.change != nil {
			c.change(asked)
		}
		got := compile(t, testPolicy(), nil).Approval(asked)
		if len(got.Message) > 960 {
			t.Errorf("%s: %d bytes", name, len(got.Message))
		}
		if got.State != c.want || got.Name != c.decidedBy || !strings.Contains(got.Message, c.says) {
			t.Errorf("%s: %d by %q: %s; want %d by %q with %q", name, got.State, got.Name, got.Message, c.want, c.decidedBy, c.says)
		}
		slices.Reverse(asked.Approvals)
		if reversed := compile(t, testPolicy(), nil).Approval(asked); reversed != got {
			t.Errorf("%s: the order of approvals matters: %+v", name, reversed)
		}
		if (got.Digest != "") != (got.State == policy.ApprovalGiven) || (got.Digest != "" && got.Digest != asked.Approvals[slices.IndexFunc(asked.Approvals, func(a policy.Approval) bool { return a.Name == got.Name })].Digest) {
			t.Errorf("%s: the digest to remember is %q", name, got.Digest)
		}
	}
}

// TestFourEyes: one person with two names is still one.
func TestFourEyes(t *testing.T) {
	p := testPolicy()
	p.Spec.Requesters = &v1alpha1.Requesters{
		StripPrefix: "oidc:", Users: []v1alpha1.RequesterUser{{Name: "admin-alice", JiraUser: "ALICE"}},
	}
	for name, c := range map[string]struct {
		declared, approved grant.Requester
		want               policy.ApprovalState
	}{
		"two people":                     {grant.Requester{User: "oidc:alice"}, grant.Requester{User: "oidc:bob"}, policy.ApprovalGiven},
		"one name":                       {grant.Requester{User: "oidc:alice", UID: "1"}, grant.Requester{User: "oidc:alice", UID: "2"}, policy.ApprovalMissing},
		"one UID":                        {grant.Requester{User: "oidc:alice", UID: "1"}, grant.Requester{User: "zoe", UID: "1"}, policy.ApprovalMissing},
		"no UIDs":                        {grant.Requester{User: "alice"}, grant.Requester{User: "bob"}, policy.ApprovalGiven},
		"two UIDs":                       {grant.Requester{User: "oidc:alice", UID: "1"}, grant.Requester{User: "oidc:bob", UID: "2"}, policy.ApprovalGiven},
		"one Jira user":                  {grant.Requester{User: "oidc:alice"}, grant.Requester{User: "admin-alice"}, policy.ApprovalMissing},
		"one Jira user, folded":          {grant.Requester{User: "oidc:alice"}, grant.Requester{User: "oidc:Alice"}, policy.ApprovalMissing},
		"two without Jira name":          {grant.Requester{User: "x"}, grant.Requester{User: "y"}, policy.ApprovalGiven},
		"a ServiceAccount and a person":  {grant.Requester{User: "system:serviceaccount:dev:alice"}, grant.Requester{User: "oidc:alice"}, policy.ApprovalGiven},
		"a ServiceAccount for its own":   {grant.Requester{User: "system:serviceaccount:dev:a"}, grant.Requester{User: "system:serviceaccount:dev:a"}, policy.ApprovalMissing},
		"groups do not make one of them": {grant.Requester{User: "oidc:alice", Groups: []string{"g"}}, grant.Requester{User: "oidc:bob", Groups: []string{"g"}}, policy.ApprovalGiven},
	} {
		asked := approvalCase(approves("a", present, &c.approved))
		asked.Requester = &c.declared
		if got := compile(t, p, nil).Approval(asked); got.State != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.State, got.Message, c.want)
		}
	}
}

// TestManyApprovals: the message stays within its bound, and still says what to do.
func TestManyApprovals(t *testing.T) {
	asked := approvalCase()
	for range 100 {
		asked.Approvals = append(asked.Approvals, approves("a", foreign, nil))
	}
	got := compile(t, testPolicy(), nil).Approval(asked)
	if len(got.Message) > 960 || !strings.HasSuffix(got.Message, "grantDigest: "+present) {
		t.Errorf("%d bytes: %s", len(got.Message), got.Message)
	}
}
