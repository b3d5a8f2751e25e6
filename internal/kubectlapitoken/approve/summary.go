// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// summary says what the token may do, out of what the digest covers, for whoever decides.
func summary(token *v1alpha1.ApiToken) string {
	var text strings.Builder
	w := printers.GetNewTabWriter(&text)
	line := func(title, value string) { fmt.Fprintf(w, "%s:\t%s\n", title, value) }
	status, grant, ref := &token.Status, token.Status.Grant, token.Spec.PolicyRef
	line("ApiToken", token.Namespace+"/"+token.Name)
	line("Description", cmp.Or(oneline.Printable(token.Spec.Description), "none"))
	line("Acts in Jira as", string(token.Spec.Owner)+keyOf(grant))
	line("May", show.Joined(grant.Scopes, "nothing"))
	line("From", show.Joined(grant.SourceRanges, "any address"))
	if len(grant.Headers) > 0 {
		line("With headers", show.Headers(grant.Headers))
	}
	line("Requests", show.Rate(grant.RateLimit))
	line("Until", expiry(token))
	line("Declared by", cmp.Or(oneline.Printable(status.RequestedBy), "not known"))
	line("Policy", fmt.Sprintf("%s/%s, rule %s", ref.Namespace, ref.Name, cmp.Or(status.Rule, "not known")))
	line("Digest", string(grant.Digest))
	_ = w.Flush() // into memory
	return text.String()
}

func keyOf(grant *v1alpha1.GrantStatus) string {
	if grant.OwnerKey == "" {
		return ""
	}
	return fmt.Sprintf(" (key %s)", oneline.Printable(grant.OwnerKey))
}

func expiry(token *v1alpha1.ApiToken) string {
	if token.Status.ExpiresAt == nil {
		return "it does not expire"
	}
	return show.Time(token.Status.ExpiresAt)
}
