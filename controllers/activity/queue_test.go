// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func policyKey(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: name, Name: "jira"}
}

// waiting has a call with a job for each of the ages, in minutes, wait; the tokens are named by them.
func waiting(q *queue, policy, gateway string, ages ...int) *call {
	c := &call{}
	for _, age := range ages {
		c.jobs = append(c.jobs, &job{
			policy: policyKey(policy), gateway: gateway, call: c, since: noon.Add(-time.Duration(age) * time.Minute),
			use: activity.Use{Token: types.UID(fmt.Sprintf("%s-%d", policy, age))},
		})
	}
	q.add(policyKey(policy), c)
	return c
}

func taken(q *queue) (tokens []string) {
	for jobs := q.take(); jobs != nil; jobs = q.take() {
		tokens = append(tokens, fmt.Sprintf("%s x%d", jobs[0].use.Token, len(jobs)))
		q.finish(jobs, all(activity.Written, len(jobs)))
	}
	return tokens
}

// TestPoliciesTakeTurns: a policy with any number of tokens, that claims any age, holds nobody up.
func TestPoliciesTakeTurns(t *testing.T) {
	q := newQueue()
	a := waiting(q, "a", "g1", 100, 500, 300, 400, 200)
	b := waiting(q, "b", "g1", 1, 2)
	again := waiting(q, "a", "g2", 500, 50) // of another replica, in part about the same tokens
	if age := q.oldest(noon); age != 500*time.Minute {
		t.Errorf("%s", age)
	}
	want := []string{"a-500 x2", "b-2 x1", "a-400 x1", "b-1 x1", "a-300 x1", "a-200 x1", "a-100 x1", "a-50 x1"}
	if got := taken(q); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for _, c := range []*call{a, b, again} {
		select {
		case <-c.done:
		default:
			t.Error("a call still waits")
		}
	}
	if q.len() != 0 || q.oldest(noon) != 0 || len(q.byToken) != 0 || len(q.lines) != 0 || len(q.turns) != 0 {
		t.Errorf("%+v", q)
	}
}

// TestWithdraw: what nobody has begun to write is not written; what somebody has is waited for.
func TestWithdraw(t *testing.T) {
	q := newQueue()
	c := waiting(q, "a", "g1", 1, 2)
	jobs := q.take()
	q.withdraw(c)
	select {
	case <-c.done:
		t.Error("a write in progress is not waited for")
	default:
	}
	if q.len() != 0 || q.take() != nil {
		t.Error("what was withdrawn is still there")
	}
	q.finish(jobs, []activity.Result{activity.Written})
	<-c.done
	if c.jobs[0].result != activity.Later || c.jobs[1].result != activity.Written {
		t.Errorf("%s %s", c.jobs[0].result, c.jobs[1].result)
	}
	q.withdraw(c)
	waiting(q, "a", "g1", 3)
	if got := taken(q); !slices.Equal(got, []string{"a-3 x1"}) {
		t.Errorf("%v", got)
	}
}

// TestWithdrawnJobsAreGone: a line does not grow by what is reported again and again, and never comes to its turn.
func TestWithdrawnJobsAreGone(t *testing.T) {
	q := newQueue()
	for range 100 {
		c := waiting(q, "a", "g1", 10, 9, 1, 2, 3)
		jobs := q.take() // the next one keeps it from those that came after it
		q.finish(jobs, all(activity.Written, len(jobs)))
		q.withdraw(c)
	}
	if kept := q.lines[policyKey("a")].Len(); kept > 0 {
		t.Errorf("%d jobs are kept, and none of them waits", kept)
	}
}

// TestClosedQueue: nobody waits for a manager that ends.
func TestClosedQueue(t *testing.T) {
	q := newQueue()
	before := waiting(q, "a", "g1", 1, 2)
	q.close()
	after := waiting(q, "b", "g1", 3)
	for _, c := range []*call{before, after} {
		<-c.done
		for _, j := range c.jobs {
			if j.result != activity.Later {
				t.Errorf("%q", j.result)
			}
		}
	}
	if q.len() != 0 || q.oldest(noon) != 0 {
		t.Errorf("%+v", q)
	}
}

// TestCallLimit: the gateways of one policy leave room for others.
func TestCallLimit(t *testing.T) {
	var l callLimit
	n := 0
	for l.enter(policyKey("a")) {
		n++
	}
	if n != maxCallsOfPolicy || !l.enter(policyKey("b")) {
		t.Errorf("%d", n)
	}
	l.leave(policyKey("a"))
	if !l.enter(policyKey("a")) || l.enter(policyKey("a")) {
		t.Error("a place did not come back")
	}
	for i := range 10 {
		for l.enter(policyKey(fmt.Sprint("more", i))) {
			n++
		}
	}
	if l.all != maxCalls {
		t.Errorf("%d", l.all)
	}
}
