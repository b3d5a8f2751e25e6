// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// refusals remembers, for a while, whose Secrets the API server did not take (a quota, an admission policy, a webhook
// that is down). Each attempt makes a hash Secret and takes it back, and the events of that would start the next attempt
// at once.
type refusals struct {
	mu      sync.Mutex
	byToken map[types.UID]refusal
}

type refusal struct {
	until time.Time
	why   string
}

// transientRetry is how soon a write is tried again that failed for no reason of its own, such as a webhook that is down.
const transientRetry = 10 * time.Second

func (r *refusals) note(uid types.UID, now time.Time, failed *writeError) refusal {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byToken == nil {
		r.byToken = map[types.UID]refusal{}
	}
	pause := transientRetry
	if isDefinite(failed) {
		pause = secretRetry
	}
	r.byToken[uid] = refusal{until: now.Add(pause), why: failed.Error()}
	return r.byToken[uid]
}

// last returns the refusal that is still to be waited for, if any.
func (r *refusals) last(uid types.UID, now time.Time) (last refusal, waiting bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.byToken[uid]
	return last, ok && now.Before(last.until)
}

func (r *refusals) forget(uid types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byToken, uid)
}

// writeError is a failed write of a token's Secret, in words that are fit for status, events and logs: an admission
// policy's message may quote what it refused.
type writeError struct {
	err  error
	text string
}

// maxRefusal bounds the words; a condition's message may have 32,768 bytes, an event's note 1024.
const maxRefusal = 512

// opaque is what could be (part of) a token, a hash or their encoding.
var opaque = regexp.MustCompile(`[0-9A-Za-z+/=]{24,}`)

func newWriteError(what string, err error, plaintext string) *writeError {
	text := what + ": " + err.Error()
	if plaintext != "" {
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			text = strings.ReplaceAll(text, e.EncodeToString([]byte(plaintext)), "[redacted]")
		}
		text = strings.ReplaceAll(text, plaintext, "[redacted]")
	}
	text = opaque.ReplaceAllString(text, "[redacted]")
	if len(text) > maxRefusal {
		text = strings.ToValidUTF8(text[:maxRefusal], "") + " …"
	}
	return &writeError{err: err, text: text}
}

// Error repeats nothing of the Secret.
func (e *writeError) Error() string { return e.text }

// Unwrap gives the API server's error, for its code; its text may quote the Secret.
func (e *writeError) Unwrap() error { return e.err }

// lostRace tells whether somebody else was faster: a reason to look again, not to wait.
func lostRace(err error) bool { return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) }

// isDefinite tells whether the API server has certainly not made a write.
func isDefinite(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= http.StatusBadRequest && code < http.StatusInternalServerError &&
		code != http.StatusRequestTimeout && code != http.StatusTooManyRequests
}
