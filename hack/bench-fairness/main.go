// SPDX-License-Identifier: Apache-2.0

// Command bench-fairness measures what a token that hammers at many times its rate limit does to the latency of others
// that send a steady load through the same gateway: rounds with and without the hammering take turns, so that what else the
// machine does is in both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/go-logr/logr"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaybench"
)

type options struct {
	others, rate, limit, times, rounds int
	round                              time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.others, "others", 20, "how many other tokens there are")
	flag.IntVar(&o.rate, "rate", 10, "requests a second of each of them")
	flag.IntVar(&o.limit, "limit", 10, "requests a second that the hammering token may make")
	flag.IntVar(&o.times, "times", 100, "how many times that it asks")
	flag.IntVar(&o.rounds, "rounds", 21, "how many rounds of each kind")
	flag.DurationVar(&o.round, "round", 2*time.Second, "how long each round takes")
	hammering := flag.Bool("hammer", false, "be the client that hammers: what the program runs beside itself")
	flag.Parse()
	if *hammering {
		if err := runHammer(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "bench-fairness:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, &o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench-fairness:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o *options) error {
	world := gatewaybench.New()
	defer world.Close()
	address, err := world.Gateway(ctx, logr.Discard(), func(c *gatewayconfig.Config) { c.MaxInFlight = 100 })
	if err != nil {
		return err
	}
	hammering, err := world.Issue(&grant.RateLimit{Requests: int32(o.limit), Period: time.Second, Burst: int32(o.limit)})
	if err != nil {
		return err
	}
	tokens := make([]string, o.others)
	for i := range tokens {
		if tokens[i], err = world.Issue(nil); err != nil {
			return err
		}
	}
	fmt.Printf("%d tokens, %d requests a second each, and one that may make %d a second and asks %d times as often.\n"+
		"%d rounds of %s without it and as many with it, by turns; it has a process of its own, all others share one.\n",
		o.others, o.rate, o.limit, o.times, o.rounds, o.round)
	if _, err := steady(ctx, address, tokens, o.rate, o.round/2); err != nil { // connections are made, and code is warm
		return err
	}
	var quiet, loud side
	var sum counts
	for range o.rounds {
		if err := quiet.measure(ctx, address, tokens, o); err != nil {
			return err
		}
		stop, err := hammer(ctx, task{address, hammering, o.limit * o.times})
		if err != nil {
			return err
		}
		measured := loud.measure(ctx, address, tokens, o)
		done, err := stop()
		if measured != nil || err != nil {
			return errors.Join(measured, err)
		}
		sum.add(done)
	}
	report(&quiet, &loud)
	long := (o.round * time.Duration(o.rounds)).Seconds()
	fmt.Printf("\nThe hammering token: %d let through, %d refused, %d failed (%.0f a second).\n",
		sum.Allowed, sum.Refused, sum.Failed, float64(sum.Allowed+sum.Refused)/long)
	each := quiet.cpu / time.Duration(quiet.requests)
	more := loud.cpu - each*time.Duration(loud.requests+int(sum.Allowed))
	fmt.Printf("Processor time of gateway, Jira and the others' clients: "+
		"%d µs for a request that is served, %d µs for one that is refused.\n",
		each.Microseconds(), (more / time.Duration(max(sum.Refused, 1))).Microseconds())
	return nil
}

// side is the rounds with the hammering, or those without.
type side struct {
	rounds   [][]time.Duration // sorted
	requests int
	cpu      time.Duration // of this process
}

func (s *side) measure(ctx context.Context, address string, tokens []string, o *options) error {
	before := cpuTime()
	took, err := steady(ctx, address, tokens, o.rate, o.round)
	s.cpu += cpuTime() - before
	if err == nil && len(took) == 0 {
		err = errors.New("a round is too short for any request")
	}
	slices.Sort(took)
	s.rounds, s.requests = append(s.rounds, took), s.requests+len(took)
	return err
}

// at is the median over the rounds of what a part of a round's requests took at most, in milliseconds.
func (s *side) at(part float64) float64 {
	values := make([]float64, 0, len(s.rounds))
	for _, took := range s.rounds {
		d := took[min(len(took)-1, int(part*float64(len(took))))]
		values = append(values, float64(d.Microseconds())/1000)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func cpuTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // it fails for a wrong argument only
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// report prints medians over the rounds: where the machine stands still for a moment, that is one round's matter.
func report(quiet, loud *side) {
	fmt.Printf("\n%-24s %9s %10s %10s   (medians of the rounds)\n", "latency of the others", "requests", "p50", "p99")
	for i, s := range []*side{quiet, loud} {
		fmt.Printf("%-24s %9d %7.2f ms %7.2f ms\n", []string{"quiet", "while one hammers"}[i], s.requests, s.at(0.5), s.at(0.99))
	}
	fmt.Printf("%-24s %9s %10.2f %10.2f   (goal: at most 1.5)\n", "ratio", "",
		loud.at(0.5)/quiet.at(0.5), loud.at(0.99)/quiet.at(0.99))
}
