// SPDX-License-Identifier: Apache-2.0

// Package declare describes a token by flags, as its manifest would, and looks at what the API server's schema would refuse.
package declare

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/complete"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// Flags are those that describe a token.
type Flags struct {
	Owner, Lifetime, ExpiresAt, RateLimit, Description string
	Scopes, SourceRanges, Headers                      []string
	Concurrent                                         int32

	flags *pflag.FlagSet
}

// Names are those of the flags; a manifest stands for all of them.
var Names = []string{
	"owner", "scopes", "lifetime", "expires-at", "source-ranges", "header", "rate-limit", "concurrent", "description",
}

// AddFlags adds them to a command's.
func (f *Flags) AddFlags(fs *pflag.FlagSet) {
	f.flags = fs
	fs.StringVar(&f.Owner, "owner", "", "Jira user whom requests with the token act as")
	fs.StringSliceVar(&f.Scopes, "scopes", nil, "scopes of the token, such as read or write:comment")
	fs.StringVar(&f.Lifetime, "lifetime", "", "lifetime of the token in hours, minutes and seconds, such as 720h")
	fs.StringVar(&f.ExpiresAt, "expires-at", "", "expiry of the token instead of a lifetime, such as 2027-01-31T00:00:00Z")
	fs.StringSliceVar(&f.SourceRanges, "source-ranges", nil, "addresses that the token is used from, such as 10.0.0.0/8")
	fs.StringArrayVar(&f.Headers, "header", nil,
		"pattern for a header of each request, such as 'User-Agent=Zapier*'; repeatable")
	fs.StringVar(&f.RateLimit, "rate-limit", "", "rate limit of the token, as requests/period, such as 60/1m")
	fs.Int32Var(&f.Concurrent, "concurrent", 0, "most requests of the token in progress at once; needs --rate-limit")
	fs.StringVar(&f.Description, "description", "", "what the token is for, for the people who will read it in a year")
}

// AddCompletion completes those flags that have a list of values.
func AddCompletion(cmd *cobra.Command) { complete.Flag(cmd, "scopes", complete.Scopes()) }

// Spec is what they say, without the policy; now is when the token would be declared.
func (f *Flags) Spec(now time.Time) (*v1alpha1.ApiTokenSpec, error) {
	spec := &v1alpha1.ApiTokenSpec{
		Owner: v1alpha1.JiraUserName(f.Owner), Description: f.Description, Lifetime: v1alpha1.Lifetime(f.Lifetime),
	}
	for _, s := range f.Scopes {
		spec.Scopes = append(spec.Scopes, v1alpha1.Scope(s))
	}
	for _, r := range f.SourceRanges {
		spec.SourceRanges = append(spec.SourceRanges, v1alpha1.CIDR(r))
	}
	for _, h := range f.Headers {
		pattern, err := parseHeader(h)
		if err != nil {
			return nil, err
		}
		spec.Headers = append(spec.Headers, pattern)
	}
	var concurrent *int32
	if f.flags.Changed("concurrent") {
		concurrent = &f.Concurrent
	}
	var err error
	if spec.RateLimit, err = parseRateLimit(f.RateLimit, concurrent); err != nil {
		return nil, err
	}
	if f.ExpiresAt != "" {
		t, err := time.Parse(time.RFC3339, f.ExpiresAt)
		if err != nil {
			return nil, usage.Errorf("--expires-at is %q; a time is needed, such as 2027-01-31T00:00:00Z", f.ExpiresAt)
		}
		spec.ExpiresAt = &metav1.Time{Time: t}
	}
	return spec, Check(spec, func(flag, _ string) string { return "--" + flag }, now)
}

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
