// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/e2e-framework/pkg/envconf"
	"sigs.k8s.io/e2e-framework/pkg/features"
	"sigs.k8s.io/e2e-framework/pkg/types"
)

// Go runs tests in the order in which they stand: these are all.

// TestUpgrade comes first: all that follows happens to what was upgraded.
func TestUpgrade(t *testing.T) { suite.Test(t, upgrade()) }

// TestTogether are stories that do not disturb each other.
func TestTogether(t *testing.T) {
	suite.TestInParallel(t, rotation(), revocation(), approval(), policyTightened(), groupLeft())
}

// TestAlone are stories that take something away from all others.
func TestAlone(t *testing.T) {
	suite.Test(t, policyChange(), gatewayRollingUpdate(), gatewayKilled(), managerKilled(), reinstall())
}

// TestNode are stories that take parts of the node away.
func TestNode(t *testing.T) { suite.Test(t, kubeletRestarted(), apiServerStopped()) }

// TestFirstToken comes last: it removes what all others need.
func TestFirstToken(t *testing.T) { suite.Test(t, firstToken()) }

// story is one test of its own name. When it fails, what there was is written down.
func story(name, holds string, tell func(*testing.T)) types.Feature {
	return features.New(name).Assess(holds, func(ctx context.Context, t *testing.T, _ *envconf.Config) context.Context {
		t.Helper()
		begin := time.Now()
		t.Cleanup(func() {
			outcome.add("%-8s %s: %s (%s)", outcomeOf(t), name, holds, since(begin))
			if !t.Failed() {
				return
			}
			if err := writeState(context.Background(), set.artefacts(strings.ReplaceAll(t.Name(), "/", "-"))); err != nil {
				t.Log(err)
			}
		})
		tell(t)
		return ctx
	}).Feature()
}

func outcomeOf(t *testing.T) string {
	t.Helper()
	switch {
	case t.Failed():
		return "FAILED"
	case t.Skipped():
		return "skipped"
	default:
		return "passed"
	}
}

// seen is one line of what a story has seen, told at once and again at the end.
func seen(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	outcome.add("         seen: %s", line)
}

func since(begin time.Time) time.Duration { return time.Since(begin).Round(10 * time.Millisecond) }

// outcome is told when all is over.
var outcome summary

type summary struct {
	mu    sync.Mutex
	lines []string
}

func (s *summary) add(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

func (s *summary) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}
