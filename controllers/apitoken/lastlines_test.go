// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/audittrail/trailtest"
)

// TestACacheThatIsBehindRepeatsNoLine: whoever counts decisions in the trail counts each once.
func TestACacheThatIsBehindRepeatsNoLine(t *testing.T) {
	w := newWorld(t)
	var behind atomic.Pointer[v1alpha1.ApiToken] // what the cache has; nil: what there is
	var lost atomic.Int32
	manager := w.startManager(func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
				if tok, ok := o.(*v1alpha1.ApiToken); ok && behind.Load() != nil {
					behind.Load().DeepCopyInto(tok)
					return nil
				}
				return c.Get(ctx, key, o, options...)
			},
			SubResourcePatch: func(
				ctx context.Context, c client.Client, sub string, o client.Object, p client.Patch, options ...client.SubResourcePatchOption,
			) error {
				err := c.SubResource(sub).Patch(ctx, o, p, options...)
				if apierrors.IsConflict(err) {
					lost.Add(1)
				}
				return err
			},
		})
	})
	trail := &trailtest.Recording{}
	manager.Trail = trail
	w.manager = manager
	tok := w.token("ci")
	w.issued(tok)
	for range 2 { // the same turn a second time is told again
		edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
		w.cacheHas(tok)
		trail.Take()
		lost.Store(0)
		behind.Store(tok.DeepCopy())
		w.eventually("the cache was behind three times", func() bool {
			manager.run(w, tok)
			return lost.Load() >= 3
		})
		behind.Store(nil)
		wantTold(t, trail, "decision suspended Suspended")
		edit(w, tok, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = false })
		w.reconcileUntil(tok, "it is live again", func() bool { return w.reason(tok) == v1alpha1.ReasonIssued })
	}
}

// TestLastLines: what is remembered of a token goes with time.
func TestLastLines(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	line := fmt.Sprintf("%+v", audittrail.Entry{Reason: "Denied"})
	var l lastLines
	for i, c := range []struct {
		line    string
		after   time.Duration
		repeats bool
	}{
		{line, 0, false},
		{line, time.Second, true},
		{"another", 2 * time.Second, false},
		{line, 3 * time.Second, false},
		{line, 3*time.Second + repeatedFor, false},
	} {
		if got := l.repeats("a", c.line, now.Add(c.after)); got != c.repeats {
			t.Errorf("line %d: repeated %t", i, got)
		}
	}
	for i := range 3 * manyLines {
		l.repeats(types.UID(fmt.Sprint(i)), line, now.Add(time.Duration(i)*repeatedFor/manyLines))
		if n := len(l.byToken); n > 2*manyLines+2 {
			t.Fatalf("%d tokens are remembered", n)
		}
	}
}
