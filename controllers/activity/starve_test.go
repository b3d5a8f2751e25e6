// SPDX-License-Identifier: Apache-2.0

package activity_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	use "github.com/jiratokens/jira-token-operator/internal/activity"
)

// refusal has the API server refuse writes of the status of some tokens, and counts those.
type refusal struct {
	attempts atomic.Int64
	err      atomic.Pointer[error] // nil: all are taken
}

func (f *refusal) with(err error) { f.err.Store(&err) }

func (f *refusal) wrap(c client.Client) client.Client {
	return interceptor.NewClient(watchable{c}, interceptor.Funcs{
		SubResourcePatch: func(
			ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, options ...client.SubResourcePatchOption,
		) error {
			if err := f.err.Load(); err != nil && strings.HasPrefix(o.GetName(), "refused") {
				f.attempts.Add(1)
				return *err
			}
			return c.SubResource(sub).Patch(ctx, o, p, options...)
		},
	})
}

// TestTokensThatCanNotBeWrittenTakeNoWrites from others: each costs an attempt once in a while, and not one for each report.
func TestTokensThatCanNotBeWrittenTakeNoWrites(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		result use.Result
		pause  time.Duration
	}{
		"a webhook says no": {
			apierrors.NewForbidden(schema.GroupResource{Resource: "apitokens"}, "refused", errors.New("denied by policy")),
			use.Later, 5 * time.Minute,
		},
		"a webhook is down": {apierrors.NewInternalError(errors.New("failed calling webhook")), use.Unsure, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var f refusal
			f.with(c.err)
			r := w.start(1000, f.wrap)
			const tokens = 3
			report := &use.Report{Gateway: "g1"}
			var known []client.Object
			for i := range tokens {
				tok := w.token(fmt.Sprintf("refused-%d", i))
				known = append(known, tok)
				report.Uses = append(report.Uses, use.Use{Token: tok.UID, Requests: 1, Waiting: 600})
			}
			good := w.token("good")
			report.Uses = append(report.Uses, use.Use{Token: good.UID, Requests: 1, Waiting: 60})
			r.knows(w, append(known, good, w.policy)...)
			number := int64(0)
			expect := func(result use.Result, attempts int64) {
				t.Helper()
				for i := range report.Uses {
					number++
					report.Uses[i].Number = number
				}
				results, err := r.report(t.Context(), w.bearer, report)
				if want := []use.Result{result, result, result, use.Written}; err != nil || !slices.Equal(results, want) {
					t.Errorf("%v %v, want %v", results, err, want)
				}
				if n := f.attempts.Load(); n != attempts {
					t.Errorf("%d attempts, want %d", n, attempts)
				}
			}
			expect(c.result, tokens)
			expect(use.Later, tokens)
			w.clock.Step(c.pause - time.Second)
			expect(use.Later, tokens)
			w.clock.Step(2 * time.Second)
			expect(c.result, 2*tokens)
			f.err.Store(nil)
			w.clock.Step(c.pause + time.Second)
			expect(use.Written, 2*tokens)
		})
	}
}

// TestNonsenseFillsNoLog: a report has one line at most, and a policy's gateways one a minute.
func TestNonsenseFillsNoLog(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	r := w.start(1000, nil)
	r.knows(w, w.policy, other.policy)
	var mu sync.Mutex
	var lines []string
	logger := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, args)
	}, funcr.Options{})
	post := func(bearer string, want int) {
		t.Helper()
		body := strings.NewReader(`{"gateway":"g1","uses":[` + strings.Repeat("{},", use.MaxUses-1) + `{"number":-7}]}`)
		request := httptest.NewRequestWithContext(log.IntoContext(t.Context(), logger), "POST", use.Path, body)
		request.Header.Set("Authorization", "Bearer "+bearer)
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, request)
		if n := strings.Count(answer.Body.String(), string(use.Dropped)); n != use.MaxUses || len(lines) != want {
			t.Errorf("%d dropped; %d lines, want %d: %.500q", n, len(lines), want, lines)
		}
	}
	post(w.bearer, 1)
	if !strings.Contains(lines[0], `"uses"=1000`) || !strings.Contains(lines[0], "number is 0") || !strings.Contains(lines[0], w.policy.Namespace) {
		t.Error(lines[0])
	}
	post(w.bearer, 1)
	post(other.bearer, 2)
	w.clock.Step(61 * time.Second)
	post(w.bearer, 3)
}
