// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"time"
)

// outlast gives a context that ends some time after another one. After SIGTERM the API server still sends requests to the
// webhook until the Service has noticed that this replica goes.
func outlast(ctx context.Context, delay time.Duration) context.Context {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { time.AfterFunc(delay, end) })
	return longer
}
