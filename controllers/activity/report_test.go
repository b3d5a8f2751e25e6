// SPDX-License-Identifier: Apache-2.0

package activity_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/activity"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

func TestReportIsWritten(t *testing.T) {
	w := newWorld(t)
	r := w.start(1000, nil)
	tok, other := w.token("ci"), w.token("other")
	r.knows(w, tok, other, w.policy)
	at := w.clock.Now()
	report := &use.Report{Gateway: "g1", Uses: []use.Use{
		{
			Token: tok.UID, Number: 1, Requests: 3, LastUsed: at.Unix(), Address: "203.0.113.7", UserAgent: "curl/8.5.0",
			Refusals: []use.Refusal{{Reason: "scope", Count: 2}}, LastRefused: at.Unix(),
		},
		{Token: "0d9c6f5e-6a0b-4e52-9a53-000000000001", Number: 2, Requests: 1},
		{Token: other.UID, Number: 0, Requests: 1},
	}}
	for range 2 { // the second time as if the answer had been lost
		results, err := r.report(t.Context(), w.bearer, report)
		if err != nil || !slices.Equal(results, []use.Result{use.Written, use.Unknown, use.Dropped}) {
			t.Fatalf("%v %v", results, err)
		}
	}
	w.read(tok)
	a := tok.Status.Activity
	if a == nil || a.Requests != 3 || a.Refused != 2 || a.LastAddress != "203.0.113.0/24" || a.LastUserAgent != "curl" ||
		!a.LastUsedAt.Time.Equal(at.Truncate(time.Minute)) {
		t.Errorf("%+v", a)
	}
	if !meta.IsStatusConditionTrue(tok.Status.Conditions, v1alpha1.ConditionActive) {
		t.Errorf("%+v", tok.Status.Conditions)
	}
	if !slices.ContainsFunc(tok.ManagedFields, func(e metav1.ManagedFieldsEntry) bool {
		return e.Manager == activity.FieldManager && e.Subresource == "status" && strings.Contains(e.FieldsV1.String(), "f:lastUsedAt")
	}) {
		t.Errorf("%+v", tok.ManagedFields)
	}
	w.read(other)
	if other.Status.Activity != nil {
		t.Errorf("%+v", other.Status.Activity)
	}
	w.read(w.policy)
	if reporting := w.policy.Status.Activity; reporting == nil || !reporting.Since.Time.Equal(at) || !reporting.LastReportAt.Time.Equal(at) {
		t.Errorf("%+v", reporting)
	}
}

// TestHeartbeat: a report without uses keeps the policy's status current, at most every ten minutes.
func TestHeartbeat(t *testing.T) {
	w := newWorld(t)
	r := w.start(1000, nil)
	r.knows(w, w.policy)
	begin := w.clock.Now()
	beat := func() *v1alpha1.ActivityReporting {
		t.Helper()
		results, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1"})
		if err != nil || len(results) != 0 {
			t.Fatal(results, err)
		}
		r.knows(w, w.policy)
		return w.policy.Status.Activity
	}
	beat()
	w.clock.Step(5 * time.Minute)
	if got := beat(); !got.LastReportAt.Time.Equal(begin) {
		t.Errorf("%+v", got)
	}
	w.clock.Step(5 * time.Minute)
	if got := beat(); !got.LastReportAt.Time.Equal(begin.Add(10*time.Minute)) || !got.Since.Time.Equal(begin) {
		t.Errorf("%+v", got)
	}
}

// TestSumsComeOutRight: two gateways report the same tokens to two managers at once, answers are lost and reports repeated, and the
// controller of ApiTokens writes the same status meanwhile. Each request counts once, and nobody's writes are lost.
func TestSumsComeOutRight(t *testing.T) {
	w := newWorld(t)
	replicas := []*replica{w.start(1000, nil), w.start(1000, nil)}
	tokens := []*v1alpha1.ApiToken{w.token("a"), w.token("b")}
	for _, r := range replicas {
		r.knows(w, tokens[0], tokens[1], w.policy)
	}
	const rounds = 25
	var all sync.WaitGroup
	for g := range 2 {
		all.Go(func() {
			for n := range rounds {
				report := &use.Report{Gateway: fmt.Sprintf("g%d", g)}
				for _, tok := range tokens {
					report.Uses = append(report.Uses, use.Use{
						Token: tok.UID, Number: int64(n + 1), Requests: 2, LastUsed: w.clock.Now().Unix(),
						Refusals: []use.Refusal{{Reason: "scope", Count: 1}},
					})
				}
				if err := deliver(w, replicas, report, n+g); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	var written atomic.Int64
	done := make(chan struct{})
	var other sync.WaitGroup
	other.Go(func() {
		for n := int64(1); ; n++ {
			select {
			case <-done:
				return
			default:
			}
			tok := tokens[0].DeepCopy()
			w.changeStatus(tok, func() { tok.Status.RequestedBy = fmt.Sprint(n) })
			written.Store(n)
		}
	})
	all.Wait()
	close(done)
	other.Wait()
	for _, tok := range tokens {
		w.read(tok)
		if a := tok.Status.Activity; a == nil || a.Requests != 2*2*rounds || a.Refused != 2*rounds {
			t.Errorf("%s: %+v", tok.Name, a)
		}
	}
	if tokens[0].Status.RequestedBy != fmt.Sprint(written.Load()) {
		t.Errorf("%s, want %d", tokens[0].Status.RequestedBy, written.Load())
	}
}

// deliver reports until everything is written. Every third time it goes away before the answer, and asks the other manager.
func deliver(w *world, replicas []*replica, report *use.Report, n int) error {
	for attempt := n; ; attempt++ {
		ctx, cancel := context.WithCancel(w.Context())
		r := replicas[attempt%2]
		if attempt%3 == 0 {
			go func() { _, _ = r.report(ctx, w.bearer, report) }()
			cancel()
			continue
		}
		results, err := r.report(ctx, w.bearer, report)
		cancel()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(results, func(r use.Result) bool { return r != use.Written }) {
			return nil
		}
	}
}

// TestRate: no more is written than the rate allows; the rest is to come again, and a manager that ends says the same.
func TestRate(t *testing.T) {
	w := newWorld(t)
	r := w.start(0.1, nil) // one at once, and the next one in ten seconds
	report := &use.Report{Gateway: "g1"}
	var tokens []client.Object
	for i := range 4 {
		tok := w.token(fmt.Sprintf("t%d", i))
		tokens = append(tokens, tok)
		report.Uses = append(report.Uses, use.Use{Token: tok.UID, Number: int64(i + 1), Requests: 1, Waiting: int64(100 * (i % 3))})
	}
	r.knows(w, append(tokens, w.policy)...)
	answered := make(chan []use.Result, 1)
	go func() {
		results, _ := r.report(t.Context(), w.bearer, report)
		answered <- results
	}()
	w.eventually("what waited longest is written", func() bool {
		tok, _ := tokens[2].(*v1alpha1.ApiToken)
		w.read(tok)
		return tok.Status.Activity != nil && w.clock.HasWaiters()
	})
	w.clock.Step(time.Minute)
	if got := <-answered; !slices.Equal(got, []use.Result{use.Later, use.Later, use.Written, use.Later}) {
		t.Errorf("%v", got)
	}
	go func() {
		results, _ := r.report(context.WithoutCancel(t.Context()), w.bearer, report)
		answered <- results
	}()
	w.eventually("the report is held", w.clock.HasWaiters)
	r.stop()
	if got := <-answered; slices.Contains(got, use.Dropped) || !slices.Contains(got, use.Later) {
		t.Errorf("%v", got)
	}
}
