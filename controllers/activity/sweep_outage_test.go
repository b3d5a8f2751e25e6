// SPDX-License-Identifier: Apache-2.0

package activity_test

import (
	"errors"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestSweepOfAnAPIServerThatIsAway: it ends with the first write that nobody answered, as the others would end the same, and goes
// on where the API server refuses one token.
func TestSweepOfAnAPIServerThatIsAway(t *testing.T) {
	w := newWorld(t)
	tokens := []*v1alpha1.ApiToken{w.token("refused-1"), w.token("refused-2"), w.token("refused-3")}
	var api refusal
	r := w.start(1000, api.wrap)
	for _, tok := range tokens { // the policy does not want to know this
		w.changeStatus(tok, func() { tok.Status.Activity = &v1alpha1.ActivityStatus{Requests: 1, LastAddress: "203.0.113.7"} })
		r.knows(w, tok)
	}
	for _, c := range []struct {
		err      error
		attempts int64
		ends     bool
	}{
		{errors.New("connection refused"), 1, true},
		{apierrors.NewInternalError(errors.New("etcd is down")), 1, true},
		{apierrors.NewForbidden(schema.GroupResource{Resource: "apitokens"}, "refused", errors.New("denied by policy")), 3, false},
	} {
		api.attempts.Store(0)
		api.with(c.err)
		if err := r.SweepOnce(t.Context()); (err != nil) != c.ends || c.ends && !errors.Is(err, c.err) {
			t.Errorf("%v: the sweep ends with %v", c.err, err)
		}
		if n := api.attempts.Load(); n != c.attempts {
			t.Errorf("%v: %d tokens were tried, want %d", c.err, n, c.attempts)
		}
	}
	api.err.Store(nil)
	must(t, r.SweepOnce(t.Context()))
	for _, tok := range tokens {
		w.read(tok)
		if tok.Status.Activity.LastAddress == "203.0.113.7" {
			t.Errorf("%s was not tried again: %+v", tok.Name, tok.Status.Activity)
		}
	}
}
