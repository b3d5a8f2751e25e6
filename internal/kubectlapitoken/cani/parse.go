// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"strconv"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// parseRateLimit reads requests/period, such as 60/1m; nil for an empty text. The period is checked with the token.
// concurrent is its further part, if there is one.
func parseRateLimit(text string, concurrent *int32) (*v1alpha1.RateLimit, error) {
	if text == "" && concurrent != nil {
		return nil, usage.Errorf("--concurrent needs --rate-limit, such as 60/1m: it is a part of it")
	}
	if text == "" {
		return nil, nil //nolint:nilnil // no limit is a result, not an error
	}
	requests, period, ok := strings.Cut(text, "/")
	n, err := strconv.ParseInt(requests, 10, 32)
	if !ok || err != nil {
		return nil, usage.Errorf("--rate-limit is %q; requests/period is needed, such as 60/1m", text)
	}
	return &v1alpha1.RateLimit{Requests: int32(n), Period: v1alpha1.RatePeriod(period), Concurrent: concurrent}, nil
}

// parseHeader reads name=pattern. What is wrong with either is told with the token.
func parseHeader(text string) (v1alpha1.HeaderPattern, error) {
	name, pattern, ok := strings.Cut(text, "=")
	if !ok {
		return v1alpha1.HeaderPattern{}, usage.Errorf("--header is %q; name=pattern is needed, such as 'User-Agent=Zapier*'", text)
	}
	return v1alpha1.HeaderPattern{Name: name, Pattern: pattern}, nil
}
