// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"container/heap"
	"slices"
)

// line is a heap of jobs, the oldest first. Those that are taken are still in it.
type line []*job //nolint:recvcheck // as heap.Interface asks for

// Len implements heap.Interface.
func (l line) Len() int { return len(l) }

// Less implements heap.Interface.
func (l line) Less(i, j int) bool { return l[i].since.Before(l[j].since) }

// Swap implements heap.Interface.
func (l line) Swap(i, j int) { l[i], l[j] = l[j], l[i] }

// Push implements heap.Interface.
func (l *line) Push(x any) { *l = append(*l, x.(*job)) } //nolint:forcetypeassert // only we push

// Pop implements heap.Interface.
func (l *line) Pop() any {
	last := len(*l) - 1
	j := (*l)[last]
	(*l)[last] = nil
	*l = (*l)[:last]
	return j
}

// compact leaves only jobs that wait.
func (l *line) compact() {
	*l = slices.DeleteFunc(*l, func(j *job) bool { return j.taken })
	heap.Init(l)
}

// pop gives the oldest job that waits; nil: none does.
func (l *line) pop() *job {
	for l.Len() > 0 {
		if j, _ := heap.Pop(l).(*job); !j.taken {
			return j
		}
	}
	return nil
}
