// SPDX-License-Identifier: Apache-2.0

package namespaced

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// informer is one for each namespace.
type informer []memberInformer

type memberInformer struct {
	cache.Informer

	of *member // nil: of all namespaces
}

func (n namespaces) informer(of func(cache.Cache) (cache.Informer, error)) (cache.Informer, error) {
	var out informer
	for name, one := range n {
		i, err := of(one.Cache)
		if err != nil {
			return nil, fmt.Errorf("watch namespace %s: %w", name, err)
		}
		out = append(out, memberInformer{i, one})
	}
	return out, nil
}

// Indexers are where an informer keeps its objects: one for each namespace, or one for all.
func Indexers(i cache.Informer) (out []toolscache.Indexer, err error) {
	all, several := i.(informer)
	if !several {
		all = informer{{Informer: i}}
	}
	for _, one := range all {
		shared, ok := one.Informer.(toolscache.SharedIndexInformer)
		if !ok {
			return nil, fmt.Errorf("an informer that is a %T has no index", one.Informer)
		}
		out = append(out, shared.GetIndexer())
	}
	return out, nil
}

// AddEventHandler implements cache.Informer.
func (i informer) AddEventHandler(h toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandlerWithOptions(h, toolscache.HandlerOptions{})
}

// AddEventHandlerWithResyncPeriod implements cache.Informer.
func (i informer) AddEventHandlerWithResyncPeriod(
	h toolscache.ResourceEventHandler, period time.Duration,
) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandlerWithOptions(h, toolscache.HandlerOptions{ResyncPeriod: &period})
}

// AddEventHandlerWithOptions implements cache.Informer.
func (i informer) AddEventHandlerWithOptions(
	h toolscache.ResourceEventHandler, o toolscache.HandlerOptions,
) (toolscache.ResourceEventHandlerRegistration, error) {
	var out registration
	for _, one := range i {
		r, err := one.AddEventHandlerWithOptions(h, o)
		if err != nil {
			return nil, err
		}
		out = append(out, memberRegistration{r, one.of})
	}
	return out, nil
}

// RemoveEventHandler implements cache.Informer.
func (i informer) RemoveEventHandler(handle toolscache.ResourceEventHandlerRegistration) (err error) {
	r, ok := handle.(registration)
	if !ok || len(r) != len(i) {
		return fmt.Errorf("%T was not made by this informer", handle)
	}
	for at, one := range i {
		err = errors.Join(err, one.RemoveEventHandler(r[at].ResourceEventHandlerRegistration))
	}
	return err
}

// AddIndexers implements cache.Informer.
func (i informer) AddIndexers(indexers toolscache.Indexers) error {
	for _, one := range i {
		if err := one.AddIndexers(indexers); err != nil {
			return err
		}
	}
	return nil
}

// HasSynced implements cache.Informer.
func (i informer) HasSynced() bool {
	return !slices.ContainsFunc(i, func(one memberInformer) bool { return !one.of.hasSynced(one.HasSynced()) })
}

// HasSyncedChecker implements cache.Informer.
func (i informer) HasSyncedChecker() toolscache.DoneChecker {
	return checker{"informers of namespaces", i.HasSynced, i[0].of.ended}
}

// IsStopped implements cache.Informer.
func (i informer) IsStopped() bool {
	return !slices.ContainsFunc(i, func(one memberInformer) bool { return !one.IsStopped() })
}

// registration is one for each namespace.
type registration []memberRegistration

type memberRegistration struct {
	toolscache.ResourceEventHandlerRegistration

	of *member
}

// HasSynced implements cache.ResourceEventHandlerRegistration.
func (r registration) HasSynced() bool {
	return !slices.ContainsFunc(r, func(one memberRegistration) bool { return !one.of.hasSynced(one.HasSynced()) })
}

// HasSyncedChecker implements cache.ResourceEventHandlerRegistration.
func (r registration) HasSyncedChecker() toolscache.DoneChecker {
	return checker{"handlers of namespaces", r.HasSynced, r[0].of.ended}
}

// checker asks again and again: a namespace that can't be read has nothing to wait for.
type checker struct {
	name string
	done func() bool
	// ended: the caches end, all of them with the first.
	ended <-chan struct{}
}

const askAgain = 50 * time.Millisecond

// Name implements cache.DoneChecker.
func (c checker) Name() string { return c.name }

// Done implements cache.DoneChecker. What the caches end before is never done.
func (c checker) Done() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		ask := func(context.Context) (bool, error) { return c.done(), nil }
		if wait.PollUntilContextCancel(wait.ContextForChannel(c.ended), askAgain, true, ask) == nil {
			close(done)
		}
	}()
	return done
}
