// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"errors"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/selection"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// stream follows the tokens until the context ends. client-go's informer keeps what it has seen: after a restart of the API
// server, or when that has forgotten what came between (410 Gone), it reads all anew, and tells the difference.
func (c *command) stream(ctx context.Context, api client.WithWatch, selected *selection.Selection) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	f := &follower{command: c, selected: selected, end: end}
	informer := cache.NewSharedInformer(f.listWatch(api), &v1alpha1.ApiToken{}, 0)
	err := errors.Join(
		informer.SetTransform(forget),
		informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { f.trouble(err) }),
	)
	if err != nil {
		return err
	}
	registration, err := informer.AddEventHandler(f)
	if err != nil {
		return err
	}
	var told sync.WaitGroup
	told.Go(func() {
		if cache.WaitForCacheSync(ctx.Done(), registration.HasSynced) {
			fmt.Fprintf(c.streams.ErrOut, "Watching; there are %s.\n", show.Count(len(informer.GetStore().List()), "token"))
		}
	})
	informer.RunWithContext(ctx)
	told.Wait() // nothing is written after the command's end
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	return nil // Ctrl-C, or --timeout
}

// follower hears of the tokens, one after the other.
type follower struct {
	*command

	selected *selection.Selection
	end      context.CancelCauseFunc
	lost     bool // the reflector's goroutine alone reads and writes it
}

// listWatch is what the informer asks. It tries to watch again by itself while nothing listens, and says so to nobody.
func (f *follower) listWatch(api client.WithWatch) cache.ListerWatcher {
	options := func(raw metav1.ListOptions) *client.ListOptions {
		o := f.selected.Options()
		o.Raw, o.Limit, o.Continue = &raw, raw.Limit, raw.Continue
		return o
	}
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, raw metav1.ListOptions) (runtime.Object, error) {
			list := &v1alpha1.ApiTokenList{}
			return list, api.List(ctx, list, options(raw))
		},
		WatchFuncWithContext: func(ctx context.Context, raw metav1.ListOptions) (watch.Interface, error) {
			w, err := api.Watch(ctx, &v1alpha1.ApiTokenList{}, options(raw))
			if err != nil && ctx.Err() == nil {
				f.trouble(err)
			}
			if err == nil && f.lost {
				f.lost = false
				fmt.Fprintln(f.streams.ErrOut, "The API server answers again.")
			}
			return w, err
		},
	}
}

// forget drops what no line tells of: it is half of a token's size.
func forget(object any) (any, error) {
	if t, ok := object.(*v1alpha1.ApiToken); ok {
		t.ManagedFields, t.Annotations = nil, nil
	}
	return object, nil
}

// OnAdd tells of tokens that were declared since.
func (f *follower) OnAdd(object any, initial bool) {
	if t, ok := object.(*v1alpha1.ApiToken); ok && !initial {
		f.tell(nil, t)
	}
}

// OnUpdate tells what changed.
func (f *follower) OnUpdate(before, after any) {
	was, ok1 := before.(*v1alpha1.ApiToken)
	is, ok2 := after.(*v1alpha1.ApiToken)
	if ok1 && ok2 && was.ResourceVersion != is.ResourceVersion {
		f.tell(was, is)
	}
}

// OnDelete tells of tokens that are gone.
func (f *follower) OnDelete(object any) {
	if tombstone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = tombstone.Obj // it went while nobody was looking
	}
	if t, ok := object.(*v1alpha1.ApiToken); ok {
		f.tell(t, nil)
	}
}

func (f *follower) tell(before, after *v1alpha1.ApiToken) {
	about := after
	if about == nil {
		about = before
	}
	if !f.selected.Matches(about) {
		return
	}
	if err := f.print(between(before, after, f.now.Now())); err != nil {
		f.end(fmt.Errorf("print: %w", err)) // such as a reader that has gone
	}
}

// trouble hears of a list or watch that failed. The informer goes on by itself, unless a right is missing.
func (f *follower) trouble(err error) {
	switch {
	case apierrors.IsForbidden(err), apierrors.IsUnauthorized(err):
		f.end(cluster.Explain(err, "watch ApiTokens", cluster.Right{
			Verb: "list and watch", Resource: "apitokens", Namespace: f.selected.Namespace,
		}))
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err): // it reads all anew
	case !f.lost:
		f.lost = true
		fmt.Fprintf(f.streams.ErrOut, "The API server does not answer; trying again: %s\n", oneline.Printable(err.Error()))
	}
}
