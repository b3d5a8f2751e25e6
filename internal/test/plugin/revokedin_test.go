// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// trailOf is the manager's audit trail, a second an entry.
func trailOf(t *testing.T, entries ...audittrail.Entry) string {
	t.Helper()
	var lines strings.Builder
	for i, e := range entries {
		e.Time = fmt.Sprintf("2026-11-29T12:00:%02d.000Z", i)
		line, err := json.Marshal(e)
		must(t, err)
		lines.Write(append(line, '\n'))
	}
	return lines.String()
}

func about(object *v1alpha1.ApiToken, event audittrail.Event, reason string, changes ...func(*audittrail.Entry)) audittrail.Entry {
	e := audittrail.Entry{
		Event: event, Reason: reason, UID: string(object.UID), APIToken: object.Namespace + "/" + object.Name, Generation: object.Generation,
	}
	for _, change := range changes {
		change(&e)
	}
	return e
}

func outcome(is string) func(*audittrail.Entry) {
	return func(e *audittrail.Entry) { e.Outcome = is }
}

// TestRevokedIn: what the trail says was revoked is revoked again, by its UID, and whatever else a restore undid is named.
func TestRevokedIn(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	live := func(name string) *v1alpha1.ApiToken {
		object := newToken(t, p, namespace, name)
		report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential(idOf(name)))
		return object
	}
	back, orphan, anew, kept := live("back"), live("orphan"), live("anew"), live("kept")
	suspended, leaked, edited := live("suspended"), live("leaked"), live("edited")
	denied, resumed := live("denied"), newToken(t, newPolicy(t), namespace, "resumed")
	report(t, resumed, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential(idOf("resumed")))
	former := anew.DeepCopy()
	former.UID = "another"
	trail := trailOf(t,
		about(suspended, audittrail.Decision, v1alpha1.ReasonSuspended, outcome(audittrail.OutcomeSuspended)),
		about(resumed, audittrail.Decision, v1alpha1.ReasonSuspended, outcome(audittrail.OutcomeSuspended)), // under another policy
		about(resumed, audittrail.Decision, v1alpha1.ReasonIssued, outcome(audittrail.OutcomePermitted)),
		about(kept, audittrail.Decision, v1alpha1.ReasonIssued, outcome(audittrail.OutcomePermitted)),
		about(back, audittrail.Revoked, "Deleted", func(e *audittrail.Entry) { e.Message = "gone\x1b[2J" }),
		about(orphan, audittrail.Revoked, "Orphaned"), about(former, audittrail.Revoked, "Deleted"),
		about(leaked, audittrail.Credential, "Reissued", func(e *audittrail.Entry) { e.TokenID, e.Ended = "new", []string{idOf("leaked")} }),
		about(edited, audittrail.Notice, "Renewed", func(e *audittrail.Entry) { e.Generation += 2 }),
		about(denied, audittrail.Decision, v1alpha1.ReasonDenied, outcome(audittrail.OutcomeRefused)),
		about(denied, audittrail.Decision, v1alpha1.ReasonIssued, outcome(audittrail.OutcomePermitted)), // by a manager that ran on
		audittrail.Entry{Event: audittrail.Policy, UID: string(p.UID), Generation: p.Generation + 3, FieldManager: "flux"},
	)
	file := filepath.Join(t.TempDir(), "audit.log")
	must(t, os.WriteFile(file, []byte(trail[:len(trail)-20]), 0o600)) // the last line is torn
	revoke := []string{"revoke", "--revoked-in", file}

	alice.runs(t, revoke...).expect(t, 1, "you may not list apitokens in all namespaces")
	alice.may(t, "list", "jiratokens.io", "apitokens", "")
	alice.runs(t, revoke...).expect(t, 2, "--yes is needed where there is no terminal",
		"The trail has 11 lines from 2026-11-29T12:00:00.000Z to 2026-11-29T12:00:10.000Z, and tells of 3 tokens that ended; 2 of them back.",
		"ApiToken "+namespace+"/back of svc-zapier was revoked at 2026-11-29T12:00:04.000Z (Deleted: gone [2J), and is back",
		"you may not list tokenpolicies")
	alice.may(t, "list", "jiratokens.io", "tokenpolicies", "")
	alice.runsWith(t, trail, "revoke", "--revoked-in", "-", "--dry-run=client").expect(t, 3, "back revoked (dry run)",
		"TokenPolicy "+name(p)+" is left as it is: its spec is of generation 1, and the trail tells of 4, written by flux",
		namespace+"/denied is left as it is: it was not accepted any more at 2026-11-29T12:00:09.000Z (Denied: ), and works again")
	alice.runsWith(t, trail, "revoke", "--revoked-in", "-").expect(t, 2, "--yes is needed with --revoked-in -")
	alice.may(t, "delete", "jiratokens.io", "apitokens", namespace)
	ended := alice.runs(t, append(revoke, "--yes")...)
	ended.expect(t, 3, "apitoken.jiratokens.io/back revoked\n", "apitoken.jiratokens.io/orphan revoked\n",
		namespace+"/suspended is left as it is: it was not accepted any more at 2026-11-29T12:00:00.000Z (Suspended: ), and works again",
		namespace+"/leaked is left as it is: its credential "+idOf("leaked")+" was ended at 2026-11-29T12:00:07.000Z, and works again: "+
			"kubectl apitoken rotate leaked -n "+namespace+" --now",
		namespace+"/edited is left as it is: its spec is of generation 1, and the trail tells of 3 at 2026-11-29T12:00:08.000Z")
	if !gone(t, back) || !gone(t, orphan) {
		t.Error("what was revoked is still there")
	}
	for _, object := range []*v1alpha1.ApiToken{anew, kept, suspended, resumed, leaked, edited, denied} {
		must(t, read(t, object))
	}
	for _, untouched := range []*v1alpha1.ApiToken{anew, kept, resumed} {
		if strings.Contains(ended.out+ended.errOut, tokenName(untouched)) {
			t.Errorf("%s is named:\n%s", untouched.Name, ended.errOut)
		}
	}
	alice.runs(t, append(revoke, "--yes")...).expect(t, 3, "3 tokens that ended; none is back", "more was undone")

	only := filepath.Join(t.TempDir(), "only.log")
	must(t, os.WriteFile(only, []byte(trailOf(t, about(back, audittrail.Revoked, "Deleted"))), 0o600))
	alice.runs(t, "revoke", "--revoked-in", only).expect(t, 0, "none is back")
}

// idOf is an id of a credential that tells whose it is.
func idOf(name string) string { return (name + "XXXXXXXXXXXX")[:12] }

func tokenName(object *v1alpha1.ApiToken) string { return object.Namespace + "/" + object.Name }

func TestRevokedInIsUsedWrongly(t *testing.T) {
	alice, file := newPerson(t, "alice"), filepath.Join(t.TempDir(), "gateway.log")
	must(t, os.WriteFile(file, []byte(`{"time":"2026-11-29T12:00:00Z","decision":"allowed","reason":"allowed"}`), 0o600))
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--revoked-in", file}, 2, "has no line of the manager's audit trail"},
		{[]string{"--revoked-in", file + "x"}, 1, "no such file"},
		{[]string{"--revoked-in", file, "zapier"}, 2, "the audit trail says which are meant"},
		{[]string{"--revoked-in", file, "--stdin"}, 2, "can't go together"},
	} {
		alice.runs(t, append([]string{"revoke"}, c.args...)...).expect(t, c.code, c.says)
	}
}
