// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// countingClient counts what is applied.
type countingClient struct {
	client.Client

	mu      sync.Mutex
	applies map[string]int // by kind, namespace and name
	before  map[string]func()
}

// beforeNext has something happen once, between the look at an object and its next Apply.
func (c *countingClient) beforeNext(kind string, key client.ObjectKey, happens func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.before == nil {
		c.before = map[string]func(){}
	}
	c.before[kind+" "+key.String()] = happens
}

func (c *countingClient) Apply(ctx context.Context, o runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	named, ok := o.(interface {
		GetKind() string
		GetNamespace() string
		GetName() string
	})
	if ok {
		c.mu.Lock()
		if c.applies == nil {
			c.applies = map[string]int{}
		}
		name := fmt.Sprintf("%s %s/%s", named.GetKind(), named.GetNamespace(), named.GetName())
		c.applies[name]++
		happens := c.before[name]
		delete(c.before, name)
		c.mu.Unlock()
		if happens != nil {
			happens()
		}
	}
	return c.Client.Apply(ctx, o, opts...)
}

// count tells how often an object was applied.
func (c *countingClient) count(kind string, key client.ObjectKey) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.applies[kind+" "+key.String()]
}
