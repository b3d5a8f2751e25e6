// SPDX-License-Identifier: Apache-2.0

// Package show puts what ApiTokens say into words for people at a terminal.
package show

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// Joined lists texts, or says that there are none.
func Joined[S ~string](list []S, none string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = string(s)
	}
	return cmp.Or(strings.Join(parts, ", "), none)
}

// Headers lists patterns for headers.
func Headers(list []v1alpha1.HeaderPattern) string {
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = oneline.Printable(h.Name + ": " + h.Pattern)
	}
	return strings.Join(parts, ", ")
}

// Rate says what a rate limit is; nil: there is none.
func Rate(l *v1alpha1.RateLimit) string {
	if l == nil {
		return "no limit"
	}
	text := fmt.Sprintf("%d per %s", l.Requests, l.Period)
	if l.Burst != nil {
		text += fmt.Sprintf(", %d at once", *l.Burst)
	}
	if l.Concurrent != nil {
		text += fmt.Sprintf(", %d in progress", *l.Concurrent)
	}
	return text
}

// Time is a time in UTC; empty for none.
func Time(t *metav1.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// When is a time with how long ago it was, or how long until then.
func When(t, now time.Time) string {
	text := t.UTC().Format(time.RFC3339)
	if t.After(now) {
		return text + " (in " + duration.HumanDuration(t.Sub(now)) + ")"
	}
	return text + " (" + duration.HumanDuration(now.Sub(t)) + " ago)"
}

// Age is how long ago a time was, as kubectl says it.
func Age(t, now time.Time) string { return duration.HumanDuration(now.Sub(t)) }

// Count says how many there are of something, such as 1 token or 3 tokens.
func Count(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
