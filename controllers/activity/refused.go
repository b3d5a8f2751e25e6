// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"errors"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

const (
	// refusedFor is for how long no other attempt is made to write the status of a token that the API server did not let be
	// written: there may be many, such as of a namespace whose admission webhook refuses all, and each takes a write from others.
	refusedFor = 5 * time.Minute
	// uncertainFor is the same where nobody knows, such as after a timeout, which will mostly pass.
	uncertainFor = 30 * time.Second
	// maxRefused bounds the tokens that this is remembered of.
	maxRefused = 1 << 16
)

// outcome is what a write that was not overtaken means.
func (r *Recorder) outcome(token types.UID, err error) (activity.Result, error) {
	result, err := resultOf(err)
	switch result {
	case activity.Later:
		r.refused.Add(token, nil, refusedFor)
	case activity.Unsure:
		r.refused.Add(token, nil, uncertainFor)
	case activity.Written, activity.Dropped, activity.Unknown: // need no other attempt
	}
	return result, err
}

// isRefused tells whether to try to write a token's status again is too early.
func (r *Recorder) isRefused(token types.UID) bool {
	_, is := r.refused.Get(token)
	return is
}

// resultOf tells what was written for certain, or not written for certain, from what may have been. What the API server finds
// invalid it will find so again; what it, or a webhook that it asks, does not permit may be permitted one day.
func resultOf(err error) (activity.Result, error) {
	switch {
	case err == nil:
		return activity.Written, nil
	case apierrors.IsNotFound(err):
		return activity.Dropped, nil
	case apierrors.IsInvalid(err):
		return activity.Dropped, err
	case isRefusal(err):
		return activity.Later, err
	}
	return activity.Unsure, err // the API server may have written it and could not say so
}

// isRefusal tells whether the API server says that it did not do what it was asked, and not just that it was not the time for it.
func isRefusal(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	switch code := status.Status().Code; code {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	default:
		return code >= http.StatusBadRequest && code < http.StatusInternalServerError
	}
}
