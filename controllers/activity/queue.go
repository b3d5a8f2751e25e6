// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"container/heap"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// job is a reported use that waits to be written.
type job struct {
	policy  types.NamespacedName
	gateway string
	use     activity.Use
	since   time.Time
	call    *call
	result  activity.Result // empty: not known yet
	taken   bool            // by a writer, or back by its call
}

// call is a request that waits for its jobs.
type call struct {
	jobs []*job
	open int // jobs without a result
	done chan struct{}
}

// queue gives the policies their turns, and within each what has waited longest comes first. So no policy's gateways can keep
// those of others out, whatever they claim.
type queue struct {
	filled chan struct{} // has a value after something came

	mu       sync.Mutex
	lines    map[types.NamespacedName]*line
	turns    []types.NamespacedName // of the policies that have a line
	byToken  map[types.UID][]*job
	waiting  int
	isClosed bool
}

func newQueue() *queue {
	return &queue{
		filled: make(chan struct{}, 1), lines: map[types.NamespacedName]*line{}, byToken: map[types.UID][]*job{},
	}
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

// add has jobs of one policy wait.
func (q *queue) add(policy types.NamespacedName, c *call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c.done = make(chan struct{})
	for _, j := range c.jobs {
		if j.result != "" {
			continue
		}
		c.open++
		l := q.lines[policy]
		if l == nil {
			l = &line{}
			q.lines[policy], q.turns = l, append(q.turns, policy)
		}
		heap.Push(l, j)
		q.byToken[j.use.Token] = append(q.byToken[j.use.Token], j)
		q.waiting++
	}
	switch {
	case c.open == 0:
		close(c.done)
	case q.isClosed:
		q.withdrawLocked(c)
	default:
		select {
		case q.filled <- struct{}{}:
		default:
		}
	}
}

// take gives what is to be written next: all that is reported of one token. None: nothing waits.
func (q *queue) take() (jobs []*job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.turns) > 0 {
		policy := q.turns[0]
		q.turns = q.turns[1:]
		first := q.lines[policy].pop()
		if first == nil {
			delete(q.lines, policy)
			continue
		}
		q.turns = append(q.turns, policy)
		for _, j := range q.byToken[first.use.Token] {
			if !j.taken && j.policy == policy {
				j.taken = true
				jobs = append(jobs, j)
			}
		}
		q.forget(jobs)
		return jobs
	}
	return nil
}

// forget takes jobs out of the index. Their line drops them when it comes to them.
func (q *queue) forget(jobs []*job) {
	for _, j := range jobs {
		q.waiting--
		rest := q.byToken[j.use.Token][:0]
		for _, other := range q.byToken[j.use.Token] {
			if other != j {
				rest = append(rest, other)
			}
		}
		if len(rest) == 0 {
			delete(q.byToken, j.use.Token)
		} else {
			q.byToken[j.use.Token] = rest
		}
	}
}

// finish says what became of jobs that were taken; without results they were not written.
func (q *queue) finish(jobs []*job, results []activity.Result) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, j := range jobs {
		result := activity.Later
		if i < len(results) {
			result = results[i]
		}
		j.finish(result)
	}
}

func (j *job) finish(result activity.Result) {
	j.result = result
	j.call.open--
	if j.call.open == 0 {
		close(j.call.done)
	}
}

// withdraw takes back what nobody has begun to write.
func (q *queue) withdraw(c *call) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.withdrawLocked(c)
}

// withdrawLocked takes them out of their line as well: others that claim to have waited longer may keep their turn from ever
// coming.
func (q *queue) withdrawLocked(c *call) {
	var l *line
	for _, j := range c.jobs {
		if j.result == "" && !j.taken {
			j.taken = true
			q.forget([]*job{j})
			j.finish(activity.Later)
			l = q.lines[j.policy]
		}
	}
	if l != nil {
		l.compact()
	}
}

// close has nothing be waited for any more.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.isClosed = true
	for _, l := range q.lines {
		for j := l.pop(); j != nil; j = l.pop() {
			j.taken = true
			q.forget([]*job{j})
			j.finish(activity.Later)
		}
	}
}

// oldest is for how long the oldest has waited; 0: nothing waits.
func (q *queue) oldest(now time.Time) (age time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lines {
		for _, j := range *l {
			if !j.taken {
				age = max(age, now.Sub(j.since))
			}
		}
	}
	return age
}
