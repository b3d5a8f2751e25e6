// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/jiratokens/jira-token-operator/controllers/activity"
)

// reviewLimits bound the reviews in progress, from their first byte to their answer.
type reviewLimits struct {
	// requests are in progress or wait, perAddress of them from one.
	requests, perAddress int
	// small is the size, in bytes, up to which a body needs nothing else. Those of the API server have some KiB.
	small int64
	// body is the size that none may exceed: an object of ours and its predecessor, with all annotations that there may be.
	body int64
	// large bodies are held at once, largePerAddress of them from one.
	large, largePerAddress int
	// deciding are decoded and decided at once; a large body is as many as largeWeight.
	deciding, largeWeight int64
	// wait is how long a review waits for its turn.
	wait time.Duration
}

// usualReviewLimits: the worst that strangers can do is 64 MiB of small bodies, 64 MiB of large ones, 128 MiB that HTTP/2 holds
// of those that wait, and some 200 MiB of what is decoded (a body becomes up to 40 times as large, and makes as much garbage).
// With 50 KiB for each connection that is a third of the manager's 2 GiB.
func usualReviewLimits() reviewLimits {
	return reviewLimits{
		requests: 2048, perAddress: 256, small: 32 << 10, body: 1 << 20, large: 64, largePerAddress: 16,
		deciding: 8, largeWeight: 4, wait: time.Second,
	}
}

// reviews are those in progress.
type reviews struct {
	limits                    reviewLimits
	requests, large, deciding *semaphore.Weighted
	ofAddress, largeOfAddress *activity.Shares
}

func newReviews(l reviewLimits) *reviews {
	return &reviews{
		limits: l, requests: semaphore.NewWeighted(int64(l.requests)), ofAddress: activity.NewShares(l.perAddress),
		large: semaphore.NewWeighted(int64(l.large)), largeOfAddress: activity.NewShares(l.largePerAddress),
		deciding: semaphore.NewWeighted(l.deciding),
	}
}

// refusal is the status of an answer without a body, which none can keep from being sent by not reading.
type refusal int

// bounded has a hook see whole bodies only, and no more of them than it can bear.
func (r *reviews) bounded(hook http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if !r.ofAddress.Take(request.RemoteAddr) {
			refuse(w, request, http.StatusServiceUnavailable)
			return
		}
		defer r.ofAddress.Give(request.RemoteAddr)
		if !r.requests.TryAcquire(1) {
			refuse(w, request, http.StatusServiceUnavailable)
			return
		}
		defer r.requests.Release(1)
		answer, refused := r.review(hook, request)
		if refused != 0 {
			refuse(w, request, refused)
			return
		}
		answer.send(w)
	})
}

// review reads the body and asks the hook. Nothing that many have to share is held while an answer is written.
func (r *reviews) review(hook http.Handler, request *http.Request) (*heldAnswer, refusal) {
	if request.ContentLength > r.limits.body {
		return nil, http.StatusRequestEntityTooLarge
	}
	body := &bytes.Buffer{}
	if err := readUpTo(body, request.Body, r.limits.small+1); err != nil {
		return nil, unread(err)
	}
	weight := int64(1)
	if int64(body.Len()) > r.limits.small {
		if !r.takeLarge(request) {
			return nil, http.StatusServiceUnavailable
		}
		defer r.giveLarge(request)
		if err := readUpTo(body, request.Body, r.limits.body+1); err != nil {
			return nil, unread(err)
		}
		if int64(body.Len()) > r.limits.body {
			return nil, http.StatusRequestEntityTooLarge
		}
		weight = r.limits.largeWeight
	}
	if !r.await(request.Context(), r.deciding, weight) {
		return nil, http.StatusServiceUnavailable
	}
	defer r.deciding.Release(weight)
	return ask(hook, request, body), 0
}

func (r *reviews) takeLarge(request *http.Request) bool {
	if !r.largeOfAddress.Take(request.RemoteAddr) {
		return false
	}
	if !r.await(request.Context(), r.large, 1) {
		r.largeOfAddress.Give(request.RemoteAddr)
		return false
	}
	return true
}

func (r *reviews) giveLarge(request *http.Request) {
	r.large.Release(1)
	r.largeOfAddress.Give(request.RemoteAddr)
}

// await waits briefly.
func (r *reviews) await(ctx context.Context, s *semaphore.Weighted, weight int64) bool {
	ctx, cancel := context.WithTimeout(ctx, r.limits.wait)
	defer cancel()
	return s.Acquire(ctx, weight) == nil
}

// readUpTo reads until there is so much, or the end.
func readUpTo(body *bytes.Buffer, from io.Reader, size int64) error {
	_, err := io.CopyN(body, from, size-int64(body.Len()))
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func unread(err error) refusal {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return http.StatusRequestTimeout
	}
	return http.StatusBadRequest
}
