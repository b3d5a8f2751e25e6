// SPDX-License-Identifier: Apache-2.0

package list

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// orders are what --sort-by can name; name (with the namespace before it) decides between equals.
var orders = map[string]func(a, b *v1alpha1.ApiToken) int{
	"name":      byName,
	"owner":     func(a, b *v1alpha1.ApiToken) int { return cmp.Compare(folded(a), folded(b)) },
	"policy":    func(a, b *v1alpha1.ApiToken) int { return cmp.Compare(tokens.PolicyName(a), tokens.PolicyName(b)) },
	"created":   func(a, b *v1alpha1.ApiToken) int { return byTime(createdAt(a), createdAt(b)) },
	"expires":   func(a, b *v1alpha1.ApiToken) int { return byTime(expiresAt(a), expiresAt(b)) },
	"last-used": func(a, b *v1alpha1.ApiToken) int { return byTime(usedOnceAt(a), usedOnceAt(b)) },
	"requests":  func(a, b *v1alpha1.ApiToken) int { return cmp.Compare(requests(a), requests(b)) },
}

// orderNames are in the order of the help.
var orderNames = []string{"name", "owner", "policy", "created", "expires", "last-used", "requests"}

func byName(a, b *v1alpha1.ApiToken) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

func folded(t *v1alpha1.ApiToken) string { return grant.FoldUser(string(t.Spec.Owner)) }

func requests(t *v1alpha1.ApiToken) int64 {
	if t.Status.Activity == nil {
		return 0
	}
	return t.Status.Activity.Requests
}

// byTime has the earliest first, and at the end those that have no such time.
func byTime(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

func sortTokens(list []*v1alpha1.ApiToken, by string) {
	order := orders[by]
	slices.SortStableFunc(list, func(a, b *v1alpha1.ApiToken) int { return cmp.Or(order(a, b), byName(a, b)) })
}

func checkOrder(by string) error {
	if orders[by] == nil {
		return usage.Errorf("--sort-by is %q; one of %s is needed", by, strings.Join(orderNames, ", "))
	}
	return nil
}
