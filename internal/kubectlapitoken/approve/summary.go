// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// summary says what the token may do, out of what the digest covers, for whoever decides.
func summary(token *v1alpha1.ApiToken) string {
	var text strings.Builder
	w := printers.GetNewTabWriter(&text)
	line := func(title, value string) { fmt.Fprintf(w, "%s:\t%s\n", title, value) }
	status, grant, ref := &token.Status, token.Status.Grant, token.Spec.PolicyRef
	line("ApiToken", token.Namespace+"/"+token.Name)
	line("Description", cmp.Or(oneLine(token.Spec.Description), "none"))
	line("Acts in Jira as", string(token.Spec.Owner)+keyOf(grant))
	line("May", joined(grant.Scopes, "nothing"))
	line("From", joined(grant.SourceRanges, "any address"))
	if len(grant.Headers) > 0 {
		line("With headers", headers(grant.Headers))
	}
	line("Requests", rate(grant.RateLimit))
	line("Until", expiry(token))
	line("Declared by", cmp.Or(oneLine(status.RequestedBy), "not known"))
	line("Policy", fmt.Sprintf("%s/%s, rule %s", ref.Namespace, ref.Name, cmp.Or(status.Rule, "not known")))
	line("Digest", string(grant.Digest))
	_ = w.Flush() // into memory
	return text.String()
}

// oneLine keeps a text that others have written from passing for lines of the summary.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // control characters, line ends, and what turns the direction of a text
			return ' '
		}
		return r
	}, text)
}

func joined[S ~string](list []S, none string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = string(s)
	}
	return cmp.Or(strings.Join(parts, ", "), none)
}

func headers(list []v1alpha1.HeaderPattern) string {
	parts := make([]string, len(list))
	for i, h := range list {
		parts[i] = oneLine(h.Name + ": " + h.Pattern)
	}
	return strings.Join(parts, ", ")
}

func keyOf(grant *v1alpha1.GrantStatus) string {
	if grant.OwnerKey == "" {
		return ""
	}
	return fmt.Sprintf(" (key %s)", oneLine(grant.OwnerKey))
}

func rate(l *v1alpha1.RateLimit) string {
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

func expiry(token *v1alpha1.ApiToken) string {
	if token.Status.ExpiresAt == nil {
		return "it does not expire"
	}
	return token.Status.ExpiresAt.UTC().Format(time.RFC3339)
}
