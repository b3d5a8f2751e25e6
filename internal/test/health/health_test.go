// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// row is one of the table in docs/gitops.md.
type row struct {
	kind, state, reason string
	ready               bool
	judgement
}

// TestToolsAgreeOnEachState also keeps the tables of docs/concepts.md and docs/gitops.md.
func TestToolsAgreeOnEachState(t *testing.T) {
	mgr, j := startManager(t), newJudges(t)
	var table []row
	for _, s := range policyStates() {
		t.Run("TokenPolicy/"+s.state, func(t *testing.T) {
			w := newWorld(t, mgr, edits(s.policy)...)
			s.reach(w)
			w.settles(s.reason)
			checkConditions(t, w.policy.Status.Conditions, s.ready, s.also)
			table = append(table, row{"TokenPolicy", s.state, s.reason, s.ready, expectAgreement(t, j, w.policy)})
			must(t, client.IgnoreNotFound(plane.Client.Delete(t.Context(), w.policy)))
		})
	}
	states := tokenStates()
	for _, s := range states {
		t.Run("ApiToken/"+s.state+"/"+s.reason, func(t *testing.T) {
			w := newWorld(t, mgr, edits(s.policy)...)
			token := s.reach(w)
			checkConditions(t, token.Status.Conditions, s.ready, s.also)
			if active := has(token.Status.Conditions, v1alpha1.ConditionActive); active != s.active {
				t.Errorf("Active is %t: %+v", active, token.Status.Conditions)
			}
			table = append(table, row{"ApiToken", s.state, s.reason, s.ready, expectAgreement(t, j, token)})
			expectIgnored(t, j, token)
		})
	}
	t.Run("TokenApproval", func(t *testing.T) {
		w := newWorld(t, mgr, asksApproval)
		for _, decision := range []v1alpha1.ApprovalDecision{v1alpha1.DecisionDeny, v1alpha1.DecisionApprove} {
			approval := w.decide(w.is(w.token(strings.ToLower(string(decision))), v1alpha1.ReasonApprovalRequired), decision)
			found, message := j.judge(t, object(t, approval))
			if found != agree[0] || message != string(decision) {
				t.Errorf("%s: %+v, %q", decision, found, message)
			}
		}
		table = append(table, row{"TokenApproval", "any", "", true, agree[0]})
	})
	if t.Failed() {
		return
	}
	checkConcepts(t, states)
	checkGitOpsPage(t, table)
}

func edits(edit func(*v1alpha1.TokenPolicy)) []func(*v1alpha1.TokenPolicy) {
	if edit == nil {
		return nil
	}
	return []func(*v1alpha1.TokenPolicy){edit}
}

func has(conditions []metav1.Condition, kind string) bool {
	return meta.IsStatusConditionTrue(conditions, kind)
}

// checkConditions: also is the only one of those that come and go.
func checkConditions(t *testing.T, conditions []metav1.Condition, ready bool, also string) {
	t.Helper()
	if have := has(conditions, v1alpha1.ConditionReady); have != ready {
		t.Errorf("Ready is %t: %+v", have, conditions)
	}
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled, v1alpha1.ConditionExpiring, v1alpha1.ConditionUnused} {
		if c := meta.FindStatusCondition(conditions, kind); (c != nil) != (kind == also) {
			t.Errorf("%s is %+v, not %q", kind, c, also)
		}
	}
}

// expectAgreement asks all tools about an object as it is, before anybody has looked at it, after its spec has changed,
// and with warnings, which change nothing.
func expectAgreement(t *testing.T, j *judges, o client.Object) judgement {
	t.Helper()
	u := object(t, o)
	found, message := j.judge(t, u)
	if !slices.Contains(agree, found) {
		t.Errorf("the tools disagree: %+v", found)
	}
	ready := ""
	for _, c := range conditionsOf(u) {
		if c["type"] == v1alpha1.ConditionReady {
			ready, _ = c["message"].(string)
		}
	}
	if ready == "" || !strings.HasPrefix(message, ready) {
		t.Errorf("Argo CD shows %q, and Ready says %q", message, ready)
	}

	warned := u.DeepCopy()
	conditions, _, _ := unstructured.NestedSlice(warned.Object, "status", "conditions")
	if !slices.ContainsFunc(conditionsOf(u), func(c map[string]any) bool { return c["type"] == v1alpha1.ConditionUnused }) {
		conditions = append(conditions, map[string]any{
			"type": v1alpha1.ConditionUnused, "status": "True", "reason": "NotUsed", "message": "nobody has used it",
		})
	}
	must(t, unstructured.SetNestedSlice(warned.Object, conditions, "status", "conditions"))
	if again, said := j.judge(t, warned); again != found || (found.argo != "Progressing" && !strings.HasSuffix(said, "Unused: nobody has used it")) {
		t.Errorf("a warning makes it %+v (%s)", again, said)
	}
	if o.GetDeletionTimestamp() != nil {
		return found
	}
	going := u.DeepCopy()
	now := metav1.Now()
	going.SetDeletionTimestamp(&now)
	if have, _ := j.judge(t, going); have != agree[2] {
		t.Errorf("it is being deleted: %+v", have)
	}
	older := u.DeepCopy()
	older.SetGeneration(u.GetGeneration() + 1)
	fresh := u.DeepCopy()
	fresh.Object["status"] = map[string]any{"observedGeneration": int64(-1)}
	for name, unseen := range map[string]*unstructured.Unstructured{"its spec was changed": older, "it is new": fresh} {
		if have, _ := j.judge(t, unseen); have != agree[1] {
			t.Errorf("%s: %+v", name, have)
		}
	}
	return found
}

func object(t *testing.T, o client.Object) *unstructured.Unstructured {
	t.Helper()
	gvk, err := apiutil.GVKForObject(o, plane.Scheme)
	must(t, err)
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	must(t, err)
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(gvk)
	return u
}

func conditionsOf(u *unstructured.Unstructured) (out []map[string]any) {
	list, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, item := range list {
		if c, ok := item.(map[string]any); ok {
			out = append(out, c)
		}
	}
	return out
}

// expectIgnored: Argo CD is told of each annotation and finalizer that the operator puts on a token.
func expectIgnored(t *testing.T, j *judges, token *v1alpha1.ApiToken) {
	t.Helper()
	ignored := j.argo["resource.customizations.ignoreDifferences.jiratokens.io_ApiToken"]
	for name := range token.Annotations {
		if pointer := "- /metadata/annotations/" + strings.ReplaceAll(name, "/", "~1") + "\n"; !strings.Contains(ignored, pointer) {
			t.Errorf("%s does not ignore the annotation %s", argoFile, name)
		}
	}
	for _, pointer := range []string{"- /status\n", "- /metadata/finalizers\n"} {
		if !strings.Contains(ignored, pointer) {
			t.Errorf("%s does not ignore %s", argoFile, pointer)
		}
	}
}
