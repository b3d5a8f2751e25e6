// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror"
)

// The time from start to ready with 20,000 hash Secrets on a real API server, and what a token costs then.
func BenchmarkLoad20k(b *testing.B) {
	const tokens, writers = 20_000, 16
	w := newWorld(b)
	var wg sync.WaitGroup
	for first := range writers {
		wg.Go(func() {
			for n := first; n < tokens; n += writers {
				if err := plane.Client.Create(context.Background(), w.hashSecret(b, credential(n))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	var size, peak uint64
	for b.Loop() {
		b.StopTimer()
		before := heap() // with those of the rounds before, which the clean-up holds
		b.StartTimer()
		g := w.start(b, func(o *mirror.Options) { o.StartupTimeout, o.SnapshotDir = time.Minute, "" })
		eventually(b, "loaded", func() bool {
			peak = max(peak, live()-min(before, live()))
			return g.Ready() && g.table.Len() == tokens
		})
		b.StopTimer()
		size = heap() - before
		g.stop()
		runtime.KeepAlive(g)
		b.StartTimer()
	}
	b.ReportMetric(float64(size)/tokens, "B/token")
	b.ReportMetric(float64(peak)/tokens, "peak-B/token")
}

// live is the heap with what is not collected yet.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
