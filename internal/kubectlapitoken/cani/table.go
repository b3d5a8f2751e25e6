// SPDX-License-Identifier: Apache-2.0

package cani

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/review"
)

// printTable writes what was asked, what each rule says, what has to be known of the answer, and last the answer.
func printTable(out io.Writer, r *review.Review) error {
	var text strings.Builder
	requester := "it is not known by whom (--requester says it)"
	if r.Token.Requester != "" {
		requester = r.Token.Requester
	}
	fmt.Fprintf(&text, "Policy:       %s\nToken:        %s\nDeclared by:  %s\n\n", r.Policy, describe(&r.Token), requester)
	if len(r.Rules) > 0 {
		table := printers.GetNewTabWriter(&text)
		fmt.Fprintln(table, "RULE\tANSWER\tAPPROVAL\tWHY")
		for i := range r.Rules {
			printRule(table, &r.Rules[i])
		}
		_ = table.Flush() // into memory
		fmt.Fprintln(&text)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&text, "Note: %s.\n", note)
	}
	fmt.Fprintln(&text, verdict(r))
	return printers.WriteEscaped(out, text.String()) // a policy in a pull request must not write to the reviewer's terminal
}

// printRule writes one reason a line.
func printRule(table io.Writer, r *review.Rule) {
	approval := "not needed"
	if r.Approval {
		approval = "needed"
	}
	fmt.Fprintf(table, "%s\t%s\t%s", r.Name, r.Answer, approval)
	for i, why := range r.Why {
		if i > 0 {
			fmt.Fprint(table, "\n\t\t")
		}
		fmt.Fprintf(table, "\t%s", why)
	}
	fmt.Fprintln(table)
}

func describe(t *review.Token) string {
	parts := []string{fmt.Sprintf("of Jira user %s, in namespace %s, with %s", t.Owner, t.Namespace, strings.Join(t.Scopes, ","))}
	if t.ExpiresAt == nil {
		parts = append(parts, "without expiry")
	} else {
		parts = append(parts, "until "+t.ExpiresAt.Format(time.RFC3339))
	}
	if len(t.SourceRanges) > 0 {
		parts = append(parts, "from "+strings.Join(t.SourceRanges, ","))
	}
	for _, h := range t.Headers {
		parts = append(parts, fmt.Sprintf("with the header %s: %s", h.Name, h.Pattern))
	}
	if t.RateLimit != nil {
		parts = append(parts, fmt.Sprintf("%d requests per %s", t.RateLimit.Requests, t.RateLimit.Period))
		if t.RateLimit.Concurrent != nil {
			parts = append(parts, fmt.Sprintf("%d at once", *t.RateLimit.Concurrent))
		}
	}
	return strings.Join(parts, ", ")
}

// verdict is the answer in one sentence.
func verdict(r *review.Review) string {
	switch r.Answer {
	case review.Yes:
		return strings.ToUpper(r.Message[:1]) + r.Message[1:] + "."
	case review.No:
		inTable := len(r.Rules) > 0 && !slices.ContainsFunc(r.Rules, func(rule review.Rule) bool { return rule.Answer != review.No })
		if r.Reason == v1alpha1.ReasonNotPermitted && inTable { // then the message only repeats the table
			return fmt.Sprintf("Not permitted: no rule of policy %s permits this token.", r.Policy)
		}
		return "Not permitted: " + r.Message + "."
	case review.Unknown:
	}
	return "Not known: " + r.Message + "."
}
