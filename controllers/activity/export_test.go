// SPDX-License-Identifier: Apache-2.0

package activity

import "context"

// SweepOnce looks at all tokens once.
func (r *Recorder) SweepOnce(ctx context.Context) error { return r.sweep(ctx) }
