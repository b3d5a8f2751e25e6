// SPDX-License-Identifier: Apache-2.0

package namespaced

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Get implements client.Reader. There is nothing outside of the namespaces.
func (n namespaces) Get(ctx context.Context, key client.ObjectKey, object client.Object, o ...client.GetOption) error {
	name := key.Namespace
	if _, ok := object.(*corev1.Namespace); ok {
		name = key.Name
	}
	one, err := n.readable(name)
	if err != nil {
		return err
	}
	if one == nil {
		return apierrors.NewNotFound(schema.GroupResource{Resource: fmt.Sprintf("%T", object)}, key.String())
	}
	return one.Get(ctx, key, object, o...)
}

// List implements client.Reader: one namespace, or all that there are.
func (n namespaces) List(ctx context.Context, list client.ObjectList, o ...client.ListOption) error {
	options := (&client.ListOptions{}).ApplyOptions(o)
	if options.Namespace == "" {
		return n.listAll(ctx, list, o)
	}
	one, err := n.readable(options.Namespace)
	if err != nil {
		return err
	}
	if one == nil {
		return meta.SetList(list, nil)
	}
	return one.List(ctx, list, o...)
}

// readable is the cache that has what is in a namespace; nil: there is nothing. An error is tried again.
func (n namespaces) readable(name string) (*member, error) {
	one := n[name]
	if one == nil {
		return nil, nil //nolint:nilnil // absence is a result, not an error
	}
	switch one.state.Load() {
	case absent:
		return nil, nil //nolint:nilnil // absence is a result, not an error
	case unreadable:
		return nil, fmt.Errorf("namespace %s can't be read: the manager lacks its Role there", name)
	case filling:
		return nil, fmt.Errorf("namespace %s has just been made: what is in it is not known yet", name)
	}
	return one, nil
}

func (n namespaces) listAll(ctx context.Context, list client.ObjectList, o []client.ListOption) error {
	var items []runtime.Object
	for _, one := range n {
		if one.state.Load() != readable {
			continue
		}
		part, ok := list.DeepCopyObject().(client.ObjectList)
		if !ok {
			return fmt.Errorf("%T is no list of objects", list)
		}
		if err := one.List(ctx, part, o...); err != nil {
			return err
		}
		found, err := meta.ExtractList(part)
		if err != nil {
			return fmt.Errorf("take %T apart: %w", part, err)
		}
		items = append(items, found...)
	}
	return meta.SetList(list, items)
}
