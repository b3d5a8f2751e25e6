// SPDX-License-Identifier: Apache-2.0

// Package reporter tells the manager what a gateway's tokens were used for. It runs beside the requests, which never wait for it,
// and loses nothing while the gateway lives: what the manager did not say it has written is told again.
package reporter

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"math"
	randv2 "math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

const (
	// pause is between two reports while there is something to tell.
	pause = time.Second
	// rest is between two looks at whether there is something.
	rest = 5 * time.Second
	// firstBackoff and maxBackoff are between two attempts to reach a manager.
	firstBackoff = 5 * time.Second
	maxBackoff   = 5 * time.Minute
	// heartbeat is how often an empty report tells that the gateway reports.
	heartbeat = activity.Interval
	// lastWords is how long the gateway tries, at its end, to report what is left.
	lastWords = 5 * time.Second
	// lastAttempts is how often, at its end, a report may come to nothing.
	lastAttempts = 3
)

// Target is whom reports go to.
type Target struct {
	// URL is https.
	URL string
	// CA are the authorities of its certificate, in PEM.
	CA string
}

// Options configure a Reporter.
type Options struct {
	Table *activity.Table
	// Target is asked before each report; false: nobody wants to know.
	Target func() (Target, bool)
	// TokenFile holds a ServiceAccount token for activity.Audience. It is read before each report.
	TokenFile  string
	Clock      clock.PassiveClock
	Registerer prometheus.Registerer
	Log        logr.Logger
}

// Reporter reports. Its methods are for one goroutine, but for Hurry.
type Reporter struct {
	opts    Options
	name    string
	sender  sender
	metrics *metrics

	unsure   []activity.Taken // was reported, and nobody knows whether it was written
	failed   bool             // nobody knows what became of the last report
	reported time.Time
	failures int
	hurry    chan struct{}
}

// New makes one.
func New(o Options) *Reporter {
	var name [12]byte
	_, _ = rand.Read(name[:]) // which never fails
	return &Reporter{
		opts: o, name: hex.EncodeToString(name[:]), sender: sender{tokenFile: o.TokenFile}, metrics: newMetrics(o.Registerer, o.Table),
		hurry: make(chan struct{}),
	}
}

// Run reports until the context ends, and then once more what is left.
func (r *Reporter) Run(ctx context.Context) error {
	hurry := r.hurry
	for wait := jittered(rest); ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			r.finish(context.WithoutCancel(ctx))
			return nil
		case <-hurry:
			timer.Stop()
			hurry, r.failures = nil, 0
		case <-timer.C:
		}
		wait = r.round(ctx)
	}
}

// Hurry has everything be reported at once: the gateway is about to end. Call it once.
func (r *Reporter) Hurry() {
	r.opts.Table.Hurry()
	close(r.hurry)
}

// finish tries for a short while.
func (r *Reporter) finish(ctx context.Context) {
	defer r.sender.close()
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	r.opts.Table.Hurry()
	for attempts := 0; attempts < lastAttempts && ctx.Err() == nil && r.anything(); {
		if more, err := r.report(ctx); err != nil || !more {
			attempts++ // a replica of the manager may just have gone
		}
	}
	if left := r.opts.Table.Unreported(); left > 0 {
		r.opts.Log.Info("the last use of some tokens could not be reported any more", "tokens", left)
	}
}

func (r *Reporter) anything() bool { return len(r.unsure) > 0 || r.opts.Table.Unreported() > 0 }

// round makes one report, if there is one to make, and says how long to wait until the next.
func (r *Reporter) round(ctx context.Context) time.Duration {
	more, err := r.report(ctx)
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		r.failures++
		if r.failures == 1 {
			r.opts.Log.Info("the use of tokens can't be reported; it is counted on, and reported later", "error", err.Error())
		}
		r.metrics.failures.Inc()
		return backoff(r.failures)
	case r.failures > 0:
		r.opts.Log.Info("the use of tokens is reported again", "attempts", r.failures)
		r.failures = 0
	}
	if more {
		return pause
	}
	return jittered(rest)
}

// report tells more if there may be more to report at once.
func (r *Reporter) report(ctx context.Context) (more bool, err error) {
	target, wanted := r.opts.Target()
	if !wanted {
		return false, nil
	}
	now := r.opts.Clock.Now()
	batch := r.gather(now)
	if len(batch) == 0 && now.Sub(r.reported) < heartbeat {
		return false, nil
	}
	results, err := r.sender.send(ctx, target, r.reportOf(batch))
	r.failed = err != nil
	if err != nil {
		for i := range batch {
			batch[i].MayBeWritten()
		}
		r.unsure = append(batch, r.unsure...)
		return false, err
	}
	r.reported = r.opts.Clock.Now()
	for _, result := range results {
		r.metrics.told(result)
		more = more || result == activity.Written // where nothing could be, there is no hurry
	}
	r.settle(batch, results...)
	return more, nil
}

func (r *Reporter) reportOf(batch []activity.Taken) *activity.Report {
	report := &activity.Report{Gateway: r.name, Uses: make([]activity.Use, len(batch))}
	for i := range batch {
		report.Uses[i] = batch[i].Use
	}
	return report
}

func backoff(failures int) time.Duration {
	return jittered(time.Duration(min(float64(firstBackoff)*math.Pow(2, float64(failures-1)), float64(maxBackoff))))
}

// jittered keeps the replicas of a gateway from reporting at the same moments: 0.75 to 1.25 of it.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + randv2.Float64()/2)) //nolint:gosec // no secret
}
