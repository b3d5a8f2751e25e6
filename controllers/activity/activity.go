// SPDX-License-Identifier: Apache-2.0

// Package activity writes what gateways report of the use of tokens into the tokens' status, and finds those that nobody uses.
//
// A gateway reports to any replica of the manager, with a token of its ServiceAccount that is for nothing else, and may speak of
// its own policy's tokens only. The manager holds a report for some seconds, writes as much of it as its rate allows, those that
// have waited longest first, and answers what it wrote: it keeps nothing of its own, so nothing is lost with it. Package
// internal/activity says why reports that come twice count once. Writes carry the version of the object that they are made of, so
// neither another replica nor the controller of ApiTokens can be overwritten.
package activity

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// FieldManager owns what this package writes.
	FieldManager = "jira-token-operator-activity"

	// burstSeconds is how many seconds' writes can be made at once after a time without: such as a gateway's last words.
	burstSeconds = 10
	// writers is how many writes are made at a time: a rate of hundreds a second is more than one after the other can be.
	writers = 8
	// writeTimeout bounds a write with its repetitions.
	writeTimeout = 10 * time.Second
)

// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create
// +kubebuilder:rbac:groups=jiratokens.io,resources=apitokens,verbs=get;list;watch
// +kubebuilder:rbac:groups=jiratokens.io,resources=tokenpolicies,verbs=list;watch
// +kubebuilder:rbac:groups=jiratokens.io,resources=apitokens/status;tokenpolicies/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Options are what a Recorder needs.
type Options struct {
	// Client reads from the cache and writes to the API server.
	Client client.Client
	// Live reads from the API server: what was written a moment ago may not be in the cache.
	Live client.Reader
	// Events are told of tokens that are not used.
	Events events.EventRecorder
	// Clock tells the time.
	Clock clock.WithTicker
	// WritesPerSecond bounds the writes to the API server; above 0.
	WritesPerSecond float64
	// Registerer takes the metrics; nil: nobody does.
	Registerer prometheus.Registerer
}

// Recorder is all of it. It serves reports (ServeHTTP).
type Recorder struct {
	Options

	limiter *rate.Limiter
	queue   *queue
	callers *authenticator
	metrics *metrics
	calls   callLimit
	heard   heard
	refused *cache.LRUExpireCache // UIDs of tokens whose status could not be written
	told    *cache.LRUExpireCache // policies whose gateways' nonsense is in the log
}

// New makes a Recorder. RegisterIndex must be called before its cache starts.
func New(o Options) *Recorder {
	r := &Recorder{
		Options: o, limiter: rate.NewLimiter(rate.Limit(o.WritesPerSecond), max(int(o.WritesPerSecond*burstSeconds), 1)),
		queue: newQueue(), callers: newAuthenticator(o.Client, o.Clock),
		refused: cache.NewLRUExpireCacheWithClock(maxRefused, o.Clock), told: cache.NewLRUExpireCacheWithClock(maxTold, o.Clock),
	}
	r.metrics = newMetrics(o.Registerer, func() float64 { return r.queue.oldest(o.Clock.Now()).Seconds() })
	return r
}

// SetupWithManager has every replica write what it is told, and the one that leads look for tokens that are not used.
func (r *Recorder) SetupWithManager(mgr ctrl.Manager) error {
	if err := mgr.Add(everywhere(r.Run)); err != nil {
		return fmt.Errorf("set up the writer of activity: %w", err)
	}
	if err := mgr.Add(leaderOnly(r.Sweep)); err != nil {
		return fmt.Errorf("set up the search for unused tokens: %w", err)
	}
	return nil
}

// Run writes what is reported until the context ends.
func (r *Recorder) Run(ctx context.Context) error {
	defer r.queue.close()
	var running sync.WaitGroup
	defer running.Wait()
	places := make(chan struct{}, writers)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.queue.filled:
		}
		for r.queue.len() > 0 {
			if r.limiter.Wait(ctx) != nil {
				return nil // the context has ended
			}
			jobs := r.queue.take()
			if len(jobs) == 0 {
				break
			}
			select {
			case <-ctx.Done():
				r.queue.finish(jobs, nil)
				return nil
			case places <- struct{}{}:
			}
			running.Go(func() {
				defer func() { <-places }()
				limited, cancel := context.WithTimeout(ctx, writeTimeout)
				defer cancel()
				r.queue.finish(jobs, r.write(limited, jobs))
			})
		}
	}
}

type everywhere func(context.Context) error

// Start implements manager.Runnable.
func (f everywhere) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everywhere) NeedLeaderElection() bool { return false }

type leaderOnly func(context.Context) error

// Start implements manager.Runnable.
func (f leaderOnly) Start(ctx context.Context) error { return f(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (leaderOnly) NeedLeaderElection() bool { return true }
