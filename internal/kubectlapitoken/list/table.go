// SPDX-License-Identifier: Apache-2.0

package list

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// none stands for what a token has not, as in kubectl.
const none = "<none>"

// column is one of a table.
type column struct {
	title string
	wide  bool
	value func(t *v1alpha1.ApiToken, now time.Time) string
}

var columns = []column{
	{"NAME", false, func(t *v1alpha1.ApiToken, _ time.Time) string { return t.Name }},
	{"OWNER", false, func(t *v1alpha1.ApiToken, _ time.Time) string { return string(t.Spec.Owner) }},
	{"SCOPES", false, func(t *v1alpha1.ApiToken, _ time.Time) string { return strings.Join(texts(t.Spec.Scopes), ",") }},
	{"POLICY", false, func(t *v1alpha1.ApiToken, _ time.Time) string { return tokens.PolicyName(t) }},
	{"STATE", false, func(t *v1alpha1.ApiToken, now time.Time) string { return string(tokens.StateOf(t, now)) }},
	{"REASON", false, reason},
	{"EXPIRES", false, func(t *v1alpha1.ApiToken, _ time.Time) string { return cmp.Or(show.Time(t.Status.ExpiresAt), "never") }},
	{"LAST-USED", false, lastUsed},
	{"AGE", false, func(t *v1alpha1.ApiToken, now time.Time) string { return show.Age(t.CreationTimestamp.Time, now) }},
	{"CREDENTIAL", true, credential},
	{"ROTATES", true, rotates},
	{"REQUESTS", true, func(t *v1alpha1.ApiToken, _ time.Time) string { return strconv.FormatInt(requests(t), 10) }},
	{"RULE", true, func(t *v1alpha1.ApiToken, _ time.Time) string { return cmp.Or(t.Status.Rule, none) }},
	{"REQUESTED-BY", true, func(t *v1alpha1.ApiToken, _ time.Time) string { return cmp.Or(t.Status.RequestedBy, none) }},
	{"APPROVED-BY", true, func(t *v1alpha1.ApiToken, _ time.Time) string { return cmp.Or(t.Status.ApprovedBy, none) }},
}

func texts[S ~string](list []S) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return out
}

// reason is why a token is as it is, with what else a person would want to know of one that works.
func reason(t *v1alpha1.ApiToken, _ time.Time) string {
	why, _ := tokens.Reason(t)
	parts := []string{cmp.Or(why, none)}
	for _, kind := range []string{v1alpha1.ConditionExpiring, v1alpha1.ConditionUnused} {
		if tokens.Has(t, kind) {
			parts = append(parts, kind)
		}
	}
	return strings.Join(parts, ",")
}

func lastUsed(t *v1alpha1.ApiToken, now time.Time) string {
	if last := tokens.LastUsed(t); last != nil {
		return show.Age(last.Time, now)
	}
	return none
}

func credential(t *v1alpha1.ApiToken, _ time.Time) string {
	if t.Status.Credential == nil {
		return none
	}
	id := t.Status.Credential.ID
	if n := len(t.Status.Retiring); n > 0 {
		id += fmt.Sprintf(" (+%d)", n)
	}
	return id
}

func rotates(t *v1alpha1.ApiToken, _ time.Time) string {
	if t.Status.Credential == nil {
		return none
	}
	return cmp.Or(show.Time(t.Status.Credential.RotatesAt), none)
}

// printTable writes a line a token. What others have written must not write to the reader's terminal.
func printTable(out io.Writer, list []*v1alpha1.ApiToken, now time.Time, namespaces, wide, headers bool) error {
	shown := columns
	if namespaces {
		namespace := column{"NAMESPACE", false, func(t *v1alpha1.ApiToken, _ time.Time) string { return t.Namespace }}
		shown = append([]column{namespace}, columns...)
	}
	table := printers.GetNewTabWriter(out)
	line := func(value func(column) string) {
		cells := make([]string, 0, len(shown))
		for _, c := range shown {
			if !c.wide || wide {
				cells = append(cells, oneline.Printable(value(c)))
			}
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	if headers {
		line(func(c column) string { return c.title })
	}
	for _, t := range list {
		line(func(c column) string { return c.value(t, now) })
	}
	return table.Flush()
}
