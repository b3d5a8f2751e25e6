// SPDX-License-Identifier: Apache-2.0

package namespaced

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// namespaces is a cache for each namespace: of what is in it, and of its Namespace. The library's own cache of several
// namespaces lists and watches all Namespaces of the cluster, fails where a namespace is asked for that is none of them, and
// keeps its indexes to itself.
type namespaces map[string]*member

// NewCache makes the manager's cache; for all namespaces it is the library's.
//
// A Namespace is listed and watched by its name, which RBAC's resourceNames can allow: so a change of its labels counts as
// soon as it does in a cache of the whole cluster.
func NewCache(watched Set) cache.NewCacheFunc {
	if len(watched) == 0 {
		return cache.New
	}
	return func(config *rest.Config, o cache.Options) (cache.Cache, error) {
		live, err := client.New(config, client.Options{HTTPClient: o.HTTPClient, Scheme: o.Scheme, Mapper: o.Mapper})
		if err != nil {
			return nil, fmt.Errorf("set up the reading of namespaces: %w", err)
		}
		kinds, err := listed(o)
		if err != nil {
			return nil, err
		}
		out := namespaces{}
		for _, name := range watched {
			one, err := cache.New(config, within(name, o))
			if err != nil {
				return nil, fmt.Errorf("set up the cache of namespace %s: %w", name, err)
			}
			out[name] = newMember(name, one, live, kinds)
		}
		return out, nil
	}
}

// within limits options to one namespace.
func within(name string, o cache.Options) cache.Options {
	// The library takes the namespace out of it and asks for that alone.
	o.DefaultFieldSelector = fields.OneTermEqualSelector("metadata.namespace", name)
	o.ByObject = maps.Clone(o.ByObject)
	if o.ByObject == nil {
		o.ByObject = map[client.Object]cache.ByObject{}
	}
	o.ByObject[&corev1.Namespace{}] = cache.ByObject{Field: fields.OneTermEqualSelector("metadata.name", name)}
	return o
}

// listed are the lists of those kinds that a cache has options for.
func listed(o cache.Options) ([]schema.GroupVersionKind, error) {
	var kinds []schema.GroupVersionKind
	for object := range o.ByObject {
		kind, err := apiutil.GVKForObject(object, o.Scheme)
		if err != nil {
			return nil, fmt.Errorf("find the kind of what the cache has: %w", err)
		}
		kind.Kind += "List"
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// Start implements cache.Informers.
func (n namespaces) Start(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, one := range n {
		group.Go(func() error { return one.Start(ctx) })
	}
	return group.Wait()
}

// WaitForCacheSync implements cache.Informers.
func (n namespaces) WaitForCacheSync(ctx context.Context) bool {
	for _, one := range n {
		if !one.WaitForCacheSync(ctx) {
			return false
		}
	}
	return true
}

// IndexField implements client.FieldIndexer.
func (n namespaces) IndexField(ctx context.Context, object client.Object, field string, of client.IndexerFunc) error {
	for _, one := range n {
		if err := one.IndexField(ctx, object, field, of); err != nil {
			return err
		}
	}
	return nil
}

// RemoveInformer implements cache.Informers.
func (n namespaces) RemoveInformer(ctx context.Context, object client.Object) (err error) {
	for _, one := range n {
		err = errors.Join(err, one.RemoveInformer(ctx, object))
	}
	return err
}

// GetInformer implements cache.Informers.
func (n namespaces) GetInformer(ctx context.Context, object client.Object, o ...cache.InformerGetOption) (cache.Informer, error) {
	return n.informer(func(one cache.Cache) (cache.Informer, error) { return one.GetInformer(ctx, object, o...) })
}

// GetInformerForKind implements cache.Informers.
func (n namespaces) GetInformerForKind(
	ctx context.Context, kind schema.GroupVersionKind, o ...cache.InformerGetOption,
) (cache.Informer, error) {
	return n.informer(func(one cache.Cache) (cache.Informer, error) { return one.GetInformerForKind(ctx, kind, o...) })
}
