// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

type report = personaluse.Report

// patience is for one gateway. They are asked at the same time, atOnce of them.
const (
	patience = 20 * time.Second
	atOnce   = 8
)

// Found is what the gateways know, put together: the output of -o json.
type Found struct {
	Policy string `json:"policy"`
	// Gateways is how many have answered. Since is from when on all of them have counted.
	Gateways int                 `json:"gateways"`
	Since    time.Time           `json:"since"`
	Entries  []personaluse.Entry `json:"entries"`
	// Missing are gateways whose knowledge is not in it.
	Missing []Missing `json:"missing,omitempty"`
}

// Missing is a gateway that has not answered.
type Missing struct {
	Pod string `json:"pod"`
	Why string `json:"why"`
}

// gather asks all, and fails only if none answers.
func gather(ctx context.Context, pods []*pod, ask func(context.Context, *pod) (report, error)) (*Found, error) {
	reports, problems := make([]report, len(pods)), make([]error, len(pods))
	var wait sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for i, p := range pods {
		wait.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			limited, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			reports[i], problems[i] = askOne(limited, p, ask)
		})
	}
	wait.Wait()
	return together(pods, reports, problems)
}

func askOne(ctx context.Context, p *pod, ask func(context.Context, *pod) (report, error)) (report, error) {
	if p.obstacle != "" {
		return report{}, errors.New(p.obstacle)
	}
	return ask(ctx, p)
}

// together is pure.
func together(pods []*pod, reports []report, problems []error) (*Found, error) {
	found := &Found{}
	var answered []report
	for i, p := range pods {
		if problems[i] != nil {
			found.Missing = append(found.Missing, Missing{Pod: p.Name, Why: problems[i].Error()})
			continue
		}
		answered = append(answered, reports[i])
	}
	if len(answered) == 0 {
		first := found.Missing[0]
		return nil, fmt.Errorf("none of %d gateway pods could be asked; %s: %s", len(pods), first.Pod, first.Why)
	}
	merged := personaluse.Merge(answered...)
	found.Gateways, found.Since, found.Entries = len(answered), merged.Since, merged.Entries
	return found, nil
}

// keep drops what is of other outcomes; without any, nothing.
func (f *Found) keep(outcomes []string) {
	if len(outcomes) > 0 {
		f.Entries = slices.DeleteFunc(f.Entries, func(e personaluse.Entry) bool { return !slices.Contains(outcomes, e.Outcome) })
	}
}
