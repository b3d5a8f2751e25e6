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
		c.applies[fmt.Sprintf("%s %s/%s", named.GetKind(), named.GetNamespace(), named.GetName())]++
		c.mu.Unlock()
	}
	return c.Client.Apply(ctx, o, opts...)
}

// count tells how often an object was applied.
func (c *countingClient) count(kind string, key client.ObjectKey) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.applies[kind+" "+key.String()]
}
