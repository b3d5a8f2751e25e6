// SPDX-License-Identifier: Apache-2.0

package activity_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// lead has a replica look for unused tokens until the test ends, or stop is called.
func (r *replica) lead(w *world) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = r.Sweep(ctx) }()
	w.Cleanup(func() { cancel(); <-done })
}

func (w *world) unused(t *v1alpha1.ApiToken) bool {
	w.Helper()
	w.read(t)
	return meta.IsStatusConditionTrue(t.Status.Conditions, v1alpha1.ConditionUnused)
}

// pass turns the clock, while the gateways report that there is nothing to report.
func (w *world) pass(r *replica, d time.Duration) {
	w.Helper()
	w.clock.Step(d)
	if _, err := r.report(w.Context(), w.bearer, &use.Report{Gateway: "g1"}); err != nil {
		w.Fatal(err)
	}
	r.knows(w, w.policy)
	w.eventually("the search waits for its next turn", w.clock.HasWaiters)
	w.clock.Step(time.Minute)
}

func (w *world) editPolicy(r *replica, edit func(*v1alpha1.TokenPolicy)) {
	w.Helper()
	w.eventually("the policy is changed", func() bool {
		w.read(w.policy)
		edit(w.policy)
		return plane.Client.Update(w.Context(), w.policy) == nil
	})
	r.knows(w, w.policy)
	w.eventually("the search waits for its next turn", w.clock.HasWaiters)
	w.clock.Step(time.Minute)
}

// TestUnused: the condition comes by time alone, once, with one event, and goes with the next use or when the policy says so.
func TestUnused(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) { p.Spec.Monitoring = &v1alpha1.Monitoring{UnusedAfter: "24h"} })
	r := w.start(1000, nil)
	used, idle, suspended := w.token("used"), w.token("idle"), w.token("suspended")
	w.changeStatus(suspended, func() {
		meta.FindStatusCondition(suspended.Status.Conditions, v1alpha1.ConditionActive).Status = "False"
	})
	r.knows(w, used, idle, suspended, w.policy)
	w.pass0(r)
	r.lead(w)
	w.pass(r, 20*time.Hour)
	results, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1", Uses: []use.Use{
		{Token: used.UID, Number: 1, Requests: 1, LastUsed: w.clock.Now().Unix()},
	}})
	if err != nil || results[0] != use.Written {
		t.Fatal(results, err)
	}
	r.knows(w, used)
	if w.unused(idle) {
		t.Error("unused before its time")
	}
	w.pass(r, 5*time.Hour)
	w.eventually("the idle token is unused", func() bool { return w.unused(idle) })
	if w.unused(used) || w.unused(suspended) {
		t.Error("others are unused as well")
	}
	r.knows(w, idle)
	version := idle.ResourceVersion
	w.pass(r, time.Hour)
	w.pass(r, time.Hour)
	w.read(idle)
	if idle.ResourceVersion != version {
		t.Error("it is written again without a change")
	}
	if event := <-r.events.Events; !strings.Contains(event, "Unused") || !strings.Contains(event, "24h") || len(r.events.Events) != 0 {
		t.Errorf("%s, and %d more", event, len(r.events.Events))
	}
	results, err = r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1", Uses: []use.Use{
		{Token: idle.UID, Number: 2, Requests: 1, LastUsed: w.clock.Now().Unix()},
	}})
	if err != nil || results[0] != use.Written || w.unused(idle) {
		t.Errorf("after a use: %v %v %+v", results, err, idle.Status.Conditions)
	}
	r.knows(w, idle)
	w.pass(r, 25*time.Hour)
	w.eventually("it is unused again", func() bool { return w.unused(idle) && w.unused(used) })
	r.knows(w, idle, used)
	w.editPolicy(r, func(p *v1alpha1.TokenPolicy) { p.Spec.Monitoring.UnusedAfter = "" })
	w.eventually("nothing is unused any more", func() bool { return !w.unused(idle) && !w.unused(used) })
}

// pass0 has the gateways report for the first time.
func (w *world) pass0(r *replica) {
	w.Helper()
	if _, err := r.report(w.Context(), w.bearer, &use.Report{Gateway: "g1"}); err != nil {
		w.Fatal(err)
	}
	r.knows(w, w.policy)
}

// TestLessIsKept: what a policy does not want to know any more, or not as exactly, goes from what is kept.
func TestLessIsKept(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Monitoring = &v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Addresses: "Full", UserAgents: "Full"}}
	})
	r := w.start(1000, nil)
	tok := w.token("ci")
	r.knows(w, tok, w.policy)
	results, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1", Uses: []use.Use{{
		Token: tok.UID, Number: 1, Requests: 1, LastUsed: w.clock.Now().Unix(), Address: "203.0.113.7", UserAgent: "curl/8.5.0",
	}}})
	if err != nil || results[0] != use.Written {
		t.Fatal(results, err)
	}
	r.knows(w, tok, w.policy)
	if tok.Status.Activity.LastAddress != "203.0.113.7" || tok.Status.Activity.LastUserAgent != "curl/8.5.0" {
		t.Errorf("%+v", tok.Status.Activity)
	}
	r.lead(w)
	w.editPolicy(r, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Monitoring.Activity = &v1alpha1.ActivityReport{Times: "Day", Addresses: "None", UserAgents: "Prefix"}
	})
	w.eventually("less is kept", func() bool {
		w.read(tok)
		a := tok.Status.Activity
		return a.LastAddress == "" && a.LastUserAgent == "curl" && a.LastUsedAt.UTC().Hour() == 0 && a.Requests == 1
	})
	r.knows(w, tok)
	w.editPolicy(r, func(p *v1alpha1.TokenPolicy) { p.Spec.Monitoring.Activity.Disabled = true })
	w.eventually("nothing is kept", func() bool {
		w.read(tok)
		w.read(w.policy)
		return tok.Status.Activity == nil && w.policy.Status.Activity == nil
	})
	var policies v1alpha1.TokenPolicyList
	must(t, plane.Client.List(t.Context(), &policies, client.InNamespace(w.policy.Namespace)))
	if policies.Items[0].Status.Activity != nil {
		t.Error("a policy without reports says that there are")
	}
}

// TestPolicyChangesDuringASweep: what a policy wants again is not deleted because it did not when the sweep began.
func TestPolicyChangesDuringASweep(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Monitoring = &v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Disabled: true}}
	})
	tokens := []client.Object{w.token("a"), w.token("b"), w.token("c")}
	for _, o := range tokens {
		tok, _ := o.(*v1alpha1.ApiToken)
		w.changeStatus(tok, func() { tok.Status.Activity = &v1alpha1.ActivityStatus{Requests: 1, LastAddress: "203.0.113.0/24"} })
	}
	var r *replica
	var once sync.Once
	r = w.start(1000, func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{SubResourcePatch: func(
			ctx context.Context, c client.Client, name string, o client.Object, p client.Patch, options ...client.SubResourcePatchOption,
		) error {
			err := c.SubResource(name).Patch(ctx, o, p, options...)
			once.Do(func() { // the first token is written, and the others are not
				w.read(w.policy)
				*w.policy.Spec.Monitoring.Activity = v1alpha1.ActivityReport{Addresses: "None"}
				must(w, plane.Client.Update(ctx, w.policy))
				r.knows(w, w.policy)
			})
			return err
		}})
	})
	r.knows(w, append(tokens, w.policy)...)
	r.lead(w)
	kept := 0
	w.eventually("all tokens are written", func() bool {
		kept = 0
		for _, o := range tokens {
			tok, _ := o.(*v1alpha1.ApiToken)
			w.read(tok)
			switch {
			case tok.Status.Activity == nil:
			case tok.Status.Activity.LastAddress != "":
				return false
			default:
				kept++
			}
		}
		return true
	})
	if kept != len(tokens)-1 {
		t.Errorf("the activity of %d tokens is kept of %d", kept, len(tokens))
	}
}
