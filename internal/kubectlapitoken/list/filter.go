// SPDX-License-Identifier: Apache-2.0

package list

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// filters are the flags beside those of a selection.
type filters struct {
	states, reasons   []string
	scope, credential string
	unused, expiring  bool
	times             [6]string // as in timeFlags
}

// timeFlags bound times of a token. One that has no such time is no match, but for the last use: a token that was never
// used counts from its creation.
var timeFlags = [6]struct {
	name, about   string
	before, ahead bool
	of            func(*v1alpha1.ApiToken) *time.Time
}{
	{"created-before", "declared before this time, or so long ago", true, false, createdAt},
	{"created-after", "declared after this time, or within this time", false, false, createdAt},
	{"last-used-before", "not used since this time, or for this long", true, false, usedAt},
	{"last-used-after", "used since this time, or within this time", false, false, usedOnceAt},
	{"expires-before", "that expire before or within this time", true, true, expiresAt},
	{"expires-after", "that expire after this time, or so far ahead", false, true, expiresAt},
}

func createdAt(t *v1alpha1.ApiToken) *time.Time { return &t.CreationTimestamp.Time }

func usedOnceAt(t *v1alpha1.ApiToken) *time.Time {
	if last := tokens.LastUsed(t); last != nil {
		return &last.Time
	}
	return nil
}

func usedAt(t *v1alpha1.ApiToken) *time.Time {
	if last := usedOnceAt(t); last != nil {
		return last
	}
	return createdAt(t)
}

func expiresAt(t *v1alpha1.ApiToken) *time.Time {
	if t.Status.ExpiresAt != nil {
		return &t.Status.ExpiresAt.Time
	}
	return nil
}

func (f *filters) addFlags(fs *pflag.FlagSet) {
	fs.StringSliceVar(&f.states, "state", nil, "only tokens in these states: "+joinedStates())
	fs.StringSliceVar(&f.reasons, "reason", nil, "only tokens whose REASON is one of these, such as ApprovalRequired")
	fs.StringVar(&f.scope, "scope", "", "only tokens that reach all that this scope does, such as write:comment")
	fs.StringVar(&f.credential, "credential", "", "only the token with this credential, as in the gateway's audit log (tokenID)")
	for i, flag := range timeFlags {
		fs.StringVar(&f.times[i], flag.name, "", "only tokens "+flag.about+": 2027-01-31, 30d")
	}
	fs.BoolVar(&f.unused, "unused", false,
		"only tokens with the condition Unused (the policy says after when)")
	fs.BoolVar(&f.expiring, "expiring", false,
		"only tokens with the condition Expiring (the policy says how soon)")
}

func joinedStates() string {
	names := make([]string, len(tokens.States))
	for i, s := range tokens.States {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// matcher checks the flags and makes one question of them.
func (f *filters) matcher(now time.Time) (func(*v1alpha1.ApiToken) bool, error) {
	var questions []func(*v1alpha1.ApiToken) bool
	add := func(q func(*v1alpha1.ApiToken) bool) { questions = append(questions, q) }
	credential, reasons, err := f.checkWords()
	if err != nil {
		return nil, err
	}
	if len(f.states) > 0 {
		add(func(t *v1alpha1.ApiToken) bool { return slices.Contains(f.states, string(tokens.StateOf(t, now))) })
	}
	if len(reasons) > 0 {
		add(func(t *v1alpha1.ApiToken) bool {
			reason, _ := tokens.Reason(t)
			return slices.Contains(reasons, reason)
		})
	}
	if f.scope != "" {
		need, err := scope.Parse([]string{f.scope})
		if err != nil {
			return nil, usage.Errorf("--scope: %w", err)
		}
		add(func(t *v1alpha1.ApiToken) bool { return reaches(t, need) })
	}
	if credential != "" {
		add(func(t *v1alpha1.ApiToken) bool { return tokens.HasCredential(t, credential) })
	}
	if f.unused {
		add(func(t *v1alpha1.ApiToken) bool { return tokens.Has(t, v1alpha1.ConditionUnused) })
	}
	if f.expiring {
		add(func(t *v1alpha1.ApiToken) bool { return tokens.Has(t, v1alpha1.ConditionExpiring) })
	}
	for i, flag := range timeFlags {
		if f.times[i] == "" {
			continue
		}
		limit, err := parseTime(flag.name, f.times[i], now, flag.ahead)
		if err != nil {
			return nil, err
		}
		add(func(t *v1alpha1.ApiToken) bool {
			at := flag.of(t)
			return at != nil && (flag.before && at.Before(limit) || !flag.before && at.After(limit))
		})
	}
	return func(t *v1alpha1.ApiToken) bool {
		return !slices.ContainsFunc(questions, func(q func(*v1alpha1.ApiToken) bool) bool { return !q(t) })
	}, nil
}

// reaches tells whether a token's scopes cover another; one that this program does not know covers nothing.
func reaches(t *v1alpha1.ApiToken, need scope.Set) bool {
	have, err := policy.ParseScopes(t.Spec.Scopes)
	return err == nil && have.Contains(need)
}
