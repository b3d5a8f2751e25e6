// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/audittrail/trailtest"
)

// recordedOf tells in short what was recorded about an ApiToken.
func recordedOf(trail *trailtest.Recording, token *v1alpha1.ApiToken) (lines []string) {
	about := client.ObjectKeyFromObject(token).String()
	for _, e := range trail.Of(func(e *audittrail.Entry) bool { return e.APIToken == about }) {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s by %s %s", e.Event, e.Operation, e.Outcome, e.User, e.Reason)), " "))
	}
	return slices.Compact(lines) // the API server asks again if somebody else writes at the same time
}

// TestWhoAskedIsRecorded: who declares, changes and approves, and who tries to; not who changes labels, applies the same again
// or tries in a dry run.
func TestWhoAskedIsRecorded(t *testing.T) {
	trail := &trailtest.Recording{}
	start(t, options{trail: trail})
	namespace, policy := plane.Namespace(t), plane.Namespace(t)
	alice, bob, carol := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "bob"), user(t, policy, roleApprover, "carol")
	bind(t, policy, roleApprover, subjectOf("alice"))

	token := newToken(namespace, "t", func(a *v1alpha1.ApiToken) { a.Spec.PolicyRef.Namespace = v1alpha1.NamespaceName(policy) })
	must(t, alice.Create(t.Context(), token.DeepCopy(), client.DryRunAll))
	must(t, alice.Create(t.Context(), token))
	change := func(as *person, edit func(*v1alpha1.ApiToken)) error {
		before := stored(t, token)
		changed := before.DeepCopy()
		edit(changed)
		return as.Patch(t.Context(), changed, client.MergeFrom(before))
	}
	must(t, change(bob, func(a *v1alpha1.ApiToken) { a.Labels = map[string]string{"team": "b"} }))
	must(t, change(bob, func(a *v1alpha1.ApiToken) { a.Spec.Suspend = true }))
	must(t, change(bob, func(a *v1alpha1.ApiToken) { a.Spec.Scopes = []v1alpha1.Scope{"read", "write"} }))
	if change(alice, func(a *v1alpha1.ApiToken) { a.Annotations[v1alpha1.AnnotationRequestedBy] = "bob" }) == nil {
		t.Error("a forged stamp was let through")
	}
	token = stored(t, token)
	must(t, carol.Create(t.Context(), newApproval(policy, "yes", token)))

	want := []string{
		"declared create admitted by alice", "declared update admitted by bob", "declared update forged by alice",
		"approval create",
	}
	got := recordedOf(trail, token)
	if len(got) != len(want) {
		t.Fatalf("recorded\n%s", strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("line %d is %q, want %q", i, got[i], want[i])
		}
	}
	if last := got[len(got)-1]; !strings.HasSuffix(last, "by carol Approve") {
		t.Errorf("%q", last)
	}
	approvals := trail.Of(func(e *audittrail.Entry) bool { return e.Event == audittrail.Approval })
	if e := approvals[0]; e.UID != string(token.UID) || e.GrantDigest != string(someDigest) || e.ApprovalName != policy+"/yes" {
		t.Errorf("%+v", e)
	}
}
