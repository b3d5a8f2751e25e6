// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

// TestResults: only what the API server says that it refused was not written for certain.
func TestResults(t *testing.T) {
	coded := func(code int32) error {
		return fmt.Errorf("patch: %w", &apierrors.StatusError{ErrStatus: metav1.Status{Code: code, Message: "no"}})
	}
	for _, c := range []struct {
		err  error
		want activity.Result
	}{
		{nil, activity.Written},
		{coded(http.StatusNotFound), activity.Dropped},
		{coded(http.StatusUnprocessableEntity), activity.Dropped},
		{coded(http.StatusBadRequest), activity.Later},
		{coded(http.StatusUnauthorized), activity.Later},
		{coded(http.StatusForbidden), activity.Later},
		{coded(http.StatusRequestEntityTooLarge), activity.Later},
		{coded(http.StatusRequestTimeout), activity.Unsure},
		{coded(http.StatusConflict), activity.Unsure},
		{coded(http.StatusTooManyRequests), activity.Unsure},
		{coded(http.StatusInternalServerError), activity.Unsure},
		{coded(http.StatusGatewayTimeout), activity.Unsure},
		{context.DeadlineExceeded, activity.Unsure},
		{errors.New("connection reset by peer"), activity.Unsure},
	} {
		if got, err := resultOf(c.err); got != c.want || (c.want == activity.Later || c.want == activity.Unsure) && err == nil {
			t.Errorf("%v: %s %v", c.err, got, err)
		}
	}
}
