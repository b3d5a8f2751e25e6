// SPDX-License-Identifier: Apache-2.0

package activity_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// watchable makes a client fit for an interceptor; nobody watches by it.
type watchable struct{ client.Client }

func (watchable) Watch(context.Context, client.ObjectList, ...client.ListOption) (watch.Interface, error) {
	return nil, errors.New("not watched")
}

func countReviews(n *atomic.Int64) func(client.Client) client.Client {
	return func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
				if _, ok := o.(*authenticationv1.TokenReview); ok {
					n.Add(1)
				}
				return c.Create(ctx, o, options...)
			},
		})
	}
}

// TestStrangersAreRefused: whoever is not the gateway of the policy of a token changes nothing about that.
func TestStrangersAreRefused(t *testing.T) {
	w, foreign := newWorld(t), newWorld(t)
	r := w.start(1000, nil)
	tok := w.token("ci")
	r.knows(w, tok, w.policy, foreign.policy)
	report, err := json.Marshal(&use.Report{Gateway: "g1", Uses: []use.Use{{Token: tok.UID, Number: 1, Requests: 1}}})
	must(t, err)
	for name, c := range map[string]struct {
		bearer string
		status int
		says   string
	}{
		"no token":                         {"", http.StatusUnauthorized, "is needed"},
		"no ServiceAccount's token":        {"eyJhbGciOiJub25lIn0.e30.", http.StatusUnauthorized, "not valid"},
		"for the Kubernetes API":           {bearer(t, w.policy.Namespace, "jira-gateway", ""), http.StatusUnauthorized, "not valid"},
		"for another audience":             {bearer(t, w.policy.Namespace, "jira-gateway", "vault"), http.StatusUnauthorized, "not valid"},
		"of another ServiceAccount":        {bearer(t, w.policy.Namespace, "default", use.Audience), http.StatusForbidden, "no policy's gateway"},
		"of the tokens' namespace":         {bearer(t, w.namespace, "jira-gateway", use.Audience), http.StatusForbidden, "no policy's gateway"},
		"a gateway's that has no policy":   {bearer(t, w.policy.Namespace, "other-gateway", use.Audience), http.StatusForbidden, "no policy's"},
		"of the gateway of another policy": {foreign.bearer, http.StatusOK, `{"results":["dropped"]}`},
	} {
		status, text, err := r.post(t.Context(), c.bearer, strings.NewReader(string(report)))
		if err != nil || status != c.status || !strings.Contains(text, c.says) {
			t.Errorf("%s: %d %s %v", name, status, text, err)
		}
		if c.bearer != "" && strings.Contains(text, c.bearer) {
			t.Errorf("%s: the token is told", name)
		}
	}
	w.read(tok)
	if tok.Status.Activity != nil {
		t.Errorf("%+v", tok.Status.Activity)
	}
}

// TestNonsenseIsRefused, by the gateway of the policy itself.
func TestNonsenseIsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.start(1000, nil)
	tok := w.token("ci")
	r.knows(w, tok, w.policy)
	for name, body := range map[string]string{
		"nothing":        "",
		"no JSON":        "gateway=1",
		"no name":        `{"uses":[]}`,
		"a huge body":    `{"gateway":"` + strings.Repeat("a", 2*use.MaxReportBytes) + `"}`,
		"too many uses":  `{"gateway":"g1","uses":[` + strings.Repeat("{},", use.MaxUses) + `{}]}`,
		"numbers beyond": `{"gateway":"g1","uses":[{"requests":1e400}]}`,
	} {
		status, text, err := r.post(t.Context(), w.bearer, strings.NewReader(body))
		if err == nil && (status != http.StatusBadRequest || len(text) > 300) {
			t.Errorf("%s: %d %.300s", name, status, text)
		}
	}
	uses := []use.Use{
		{Token: tok.UID, Number: 1, Requests: -5},
		{Token: tok.UID, Number: 2, Requests: 1, LastUsed: -1},
		{Token: tok.UID, Number: 3, Refusals: []use.Refusal{{Reason: "a b\n", Count: 1}}},
		{
			Token: tok.UID, Number: 4, Requests: math.MaxInt64, LastUsed: math.MaxInt64 / 2, Waiting: math.MaxInt64,
			Address: "evil", UserAgent: "x\x00\u202ey",
		},
		{Token: "", Number: 5, Requests: 1},
		{Token: "../../x", Number: 6, Requests: 1},
	}
	results, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1", Uses: uses})
	want := []use.Result{use.Dropped, use.Dropped, use.Dropped, use.Written, use.Unknown, use.Unknown}
	if err != nil || !slices.Equal(results, want) {
		t.Errorf("%v %v", results, err)
	}
	w.read(tok)
	a := tok.Status.Activity
	if a.Requests != 1e12 || a.LastUsedAt.After(w.clock.Now()) || a.LastAddress != "" || a.LastUserAgent != "x" || len(a.Refusals) != 0 {
		t.Errorf("%+v", a)
	}
}

// TestReviewsAreFew: a token that is good is asked about once a minute, and who sends others can't have the API server asked as
// often as they like.
func TestReviewsAreFew(t *testing.T) {
	w := newWorld(t)
	var reviews atomic.Int64
	r := w.start(1000, countReviews(&reviews))
	r.knows(w, w.policy)
	for range 10 {
		if _, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := reviews.Load(); n != 1 {
		t.Errorf("%d reviews", n)
	}
	w.clock.Step(2 * time.Minute)
	if _, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1"}); err != nil || reviews.Load() != 2 {
		t.Errorf("%d reviews, %v", reviews.Load(), err)
	}
	refused := map[int]int{}
	for i := range 100 {
		status, _, err := r.post(t.Context(), fmt.Sprintf("guess-%d", i), http.NoBody)
		must(t, err)
		refused[status]++
	}
	if refused[http.StatusUnauthorized] > 20 || refused[http.StatusTooManyRequests] < 80 || reviews.Load() > 22 {
		t.Errorf("%v, %d reviews", refused, reviews.Load())
	}
	if _, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1"}); err != nil {
		t.Errorf("a gateway at the same address, whose token is known: %v", err)
	}
}

// TestDisabled: what comes late, from a gateway that has not heard of it, is dropped.
func TestDisabled(t *testing.T) {
	w := newWorld(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Monitoring = &v1alpha1.Monitoring{Activity: &v1alpha1.ActivityReport{Disabled: true}}
	})
	r := w.start(1000, nil)
	tok := w.token("ci")
	r.knows(w, tok, w.policy)
	results, err := r.report(t.Context(), w.bearer, &use.Report{Gateway: "g1", Uses: []use.Use{{Token: tok.UID, Number: 1, Requests: 1}}})
	if err != nil || !slices.Equal(results, []use.Result{use.Dropped}) {
		t.Errorf("%v %v", results, err)
	}
	w.read(tok)
	w.read(w.policy)
	if tok.Status.Activity != nil || w.policy.Status.Activity != nil {
		t.Errorf("%+v %+v", tok.Status.Activity, w.policy.Status.Activity)
	}
}
