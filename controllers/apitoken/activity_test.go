// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestActivityWakesNobody: what a token is used for is written for each that is in use every ten minutes.
func TestActivityWakesNobody(t *testing.T) {
	before := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Generation: 1}, Spec: v1alpha1.ApiTokenSpec{TokenHash: "sha256:x"}}
	meta.SetStatusCondition(&before.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionActive, Status: "True", Reason: "Issued"})
	after := before.DeepCopy()
	now := metav1.Now()
	after.Status.Activity = &v1alpha1.ActivityStatus{LastUsedAt: &now, Requests: 1}
	meta.SetStatusCondition(&after.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionUnused, Status: "True", Reason: "NotUsed"})
	for name, predicate := range map[string]func(event.UpdateEvent) bool{
		"itself": declarationChanged().Update, "its siblings": rankChanged().Update, "others with its hash": hashDeclared().Update,
	} {
		if predicate(event.UpdateEvent{ObjectOld: before, ObjectNew: after}) || predicate(event.UpdateEvent{ObjectOld: after, ObjectNew: before}) {
			t.Errorf("activity wakes %s", name)
		}
	}
	if len(after.Status.Conditions) != 2 || after.Status.Activity == nil {
		t.Errorf("looking has changed the object: %+v", after.Status)
	}
	foreign := after.DeepCopy()
	meta.FindStatusCondition(foreign.Status.Conditions, v1alpha1.ConditionActive).Status = "False"
	if !declarationChanged().Update(event.UpdateEvent{ObjectOld: after, ObjectNew: foreign}) {
		t.Error("a status that another manager wrote wakes nobody")
	}
}

// record is what the controller of activity does.
func record(w *world, t *v1alpha1.ApiToken, change func(*v1alpha1.ApiTokenStatus)) {
	w.Helper()
	w.eventually("activity is written", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(t), t))
		before := t.DeepCopy()
		change(&t.Status)
		patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
		return plane.Client.Status().Patch(w.Context(), t, patch, client.FieldOwner("jira-token-operator-activity")) == nil
	})
}

// TestActivityIsKept: whatever is reconciled, what another controller wrote of a token's use stays, and the other way round.
func TestActivityIsKept(t *testing.T) {
	w := newWorld(t)
	tok := w.token("ci")
	w.issued(tok)
	used := metav1.NewTime(time.Unix(1_800_000_000, 0))
	record(w, tok, func(s *v1alpha1.ApiTokenStatus) {
		s.Activity = &v1alpha1.ActivityStatus{LastUsedAt: &used, Requests: 7}
		meta.SetStatusCondition(&s.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionUnused, Status: metav1.ConditionTrue, Reason: "NotUsed", Message: "m",
		})
	})
	kept := func(after string, requests int64) {
		t.Helper()
		must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(tok), tok))
		if a := tok.Status.Activity; a == nil || a.Requests != requests || !a.LastUsedAt.Equal(&used) ||
			!meta.IsStatusConditionTrue(tok.Status.Conditions, v1alpha1.ConditionUnused) {
			t.Errorf("after %s: %+v", after, tok.Status)
		}
	}
	edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	w.reconcileUntil(tok, "it is suspended", func() bool { return w.reason(tok) == v1alpha1.ReasonSuspended })
	kept("suspending", 7)
	record(w, tok, func(s *v1alpha1.ApiTokenStatus) { s.Activity.Requests++ })
	if w.reason(tok) != v1alpha1.ReasonSuspended {
		t.Errorf("%+v", tok.Status.Conditions)
	}

	// Both at once.
	const writes = 40
	counting := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: tok.Namespace, Name: tok.Name}}
	var done sync.WaitGroup
	done.Go(func() {
		for range writes {
			record(w, counting, func(s *v1alpha1.ApiTokenStatus) { s.Activity.Requests++ })
		}
	})
	for i := range 6 {
		edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = i%2 == 1 })
		want := v1alpha1.ReasonIssued
		if i%2 == 1 {
			want = v1alpha1.ReasonSuspended
		}
		w.reconcileUntil(tok, fmt.Sprint("it is ", want), func() bool { return w.reason(tok) == want })
	}
	done.Wait()
	kept("all of it", 8+writes)
	if w.reason(tok) != v1alpha1.ReasonSuspended {
		t.Errorf("%+v", tok.Status.Conditions)
	}
}
