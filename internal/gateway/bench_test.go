// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// fastJira answers at once: what is measured is the way there and back.
func fastJira(b *testing.B) string {
	b.Helper()
	body := []byte(`{"self":"https://jira.example/jira/rest/api/2/user?username=alice","name":"alice","active":true}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["X-Ausername"] = []string{"alice"}
		w.Header()["Content-Type"] = []string{"application/json;charset=UTF-8"}
		_, _ = w.Write(body)
	}))
	b.Cleanup(server.Close)
	return server.URL
}

func drive(b *testing.B, address, tok string) {
	b.Helper()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		transport := &http.Transport{DisableCompression: true}
		defer transport.CloseIdleConnections()
		request, _ := http.NewRequest(http.MethodGet, "http://"+address+"/jira/rest/api/2/issue/DEMO-1?expand=names", http.NoBody)
		request.Header.Set("Authorization", "Bearer "+tok)
		request.Header.Set("User-Agent", "bench")
		request.Header.Set("Accept", "application/json")
		for pb.Next() {
			answer, err := transport.RoundTrip(request)
			if err != nil || answer.StatusCode != http.StatusOK {
				b.Error(answer, err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		}
	})
}

// BenchmarkChain is the whole way through the gateway; compare with BenchmarkBareProxy. The allocations of client and
// Jira are in both.
func BenchmarkChain(b *testing.B) {
	jira := fastJira(b)
	g := newBench(b, func(g *bench) { g.config.Jira.URL = jira + "/jira" })
	drive(b, g.address, g.issue("alice", []string{"read"}, from("127.0.0.0/8")))
}

// BenchmarkBareProxy is a ReverseProxy that does nothing but forward.
func BenchmarkBareProxy(b *testing.B) {
	target, _ := url.Parse(fastJira(b))
	transport := newTransport(&upstreamTLS{})
	proxy := &httputil.ReverseProxy{
		Rewrite:    func(p *httputil.ProxyRequest) { p.SetURL(target) },
		Transport:  transport,
		BufferPool: &bufferPool{},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: proxy}
	go func() { _ = server.Serve(listener) }()
	b.Cleanup(func() { _ = server.Close(); transport.CloseIdleConnections() })
	drive(b, listener.Addr().String(), unknownToken)
}

// BenchmarkDecide is what the steps cost by themselves, without a rate limit and with one.
func BenchmarkDecide(b *testing.B) {
	g := newBench(b)
	b.Run("unlimited", func(b *testing.B) { benchmarkDecide(b, g, g.issue("alice", []string{"read"}, from("127.0.0.0/8"))) })
	b.Run("limited", func(b *testing.B) {
		benchmarkDecide(b, g, g.issue("alice", []string{"read"}, from("127.0.0.0/8"), limited(1, math.MaxInt32)))
	})
}

func benchmarkDecide(b *testing.B, g *bench, tok string) {
	b.Helper()
	r := httptest.NewRequest(http.MethodGet, "/jira/rest/api/2/issue/DEMO-1?expand=names", http.NoBody)
	r.RemoteAddr = netip.MustParseAddrPort("127.0.0.1:4711").String()
	for name, value := range map[string]string{
		"Authorization": "Bearer " + tok, "User-Agent": "bench", "Accept": "application/json", "Accept-Encoding": "gzip",
	} {
		r.Header.Set(name, value)
	}
	b.ReportAllocs()
	for b.Loop() {
		x := &exchange{request: newRequest(r), settings: g.handler.settings.Load(), start: g.clock.Now()}
		if refusal := g.handler.decide(x); refusal != nil || !scope.Read.Contains(x.operation.Need) {
			b.Fatal(refusal)
		}
	}
}

// BenchmarkRateLimit is what counting costs while 100,000 tokens have used some of their limit, and what their buckets cost
// in memory and in a garbage collection.
func BenchmarkRateLimit(b *testing.B) {
	const tokens = 100_000
	limit := grant.RateLimit{Requests: 600, Period: time.Minute, Burst: 100}
	keys := make([]ratelimit.Key, tokens)
	for n := range keys {
		keys[n].UID = fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%012d", n)
	}
	before := heapBytes()
	limiter, now := ratelimit.New(), time.Now()
	for _, key := range keys {
		limiter.Take(key, limit, now)
	}
	size := heapBytes() - before
	b.Run("take", func(b *testing.B) {
		b.ReportAllocs()
		var next atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for n := int(next.Add(tokens / 7)); pb.Next(); n++ {
				limiter.Take(keys[n%tokens], limit, now.Add(time.Duration(n)*time.Microsecond))
			}
		})
	})
	b.Run("collect", func(b *testing.B) {
		for b.Loop() {
			runtime.GC()
		}
		b.ReportMetric(float64(size)/tokens, "B/token")
	})
	runtime.KeepAlive(limiter)
}

func heapBytes() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRefused is what a request beyond its rate limit costs, on the wire: whoever hammers must not slow down others.
func BenchmarkRefused(b *testing.B) {
	g := newBench(b)
	tok := g.issue("alice", []string{"read"}, limited(1, 1))
	transport := &http.Transport{DisableCompression: true}
	defer transport.CloseIdleConnections()
	request, _ := http.NewRequest(http.MethodGet, "http://"+g.address+"/jira/rest/api/2/issue/DEMO-1", http.NoBody)
	request.Header.Set("Authorization", "Bearer "+tok)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		answer, err := transport.RoundTrip(request)
		if err != nil || n > 0 && answer.StatusCode != http.StatusTooManyRequests {
			b.Fatal(answer, err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}
