// SPDX-License-Identifier: Apache-2.0

package tokens_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func withStatus(active, ready, reason string, more ...string) *v1alpha1.ApiToken {
	t := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Generation: 1}}
	t.Status.ObservedGeneration = 1
	for kind, status := range map[string]string{v1alpha1.ConditionActive: active, v1alpha1.ConditionReady: ready} {
		t.Status.Conditions = append(t.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionStatus(status), Reason: reason})
	}
	for _, kind := range more {
		t.Status.Conditions = append(t.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue, Reason: reason})
	}
	return t
}

// TestStates: the rows of the table of states in docs/concepts.md.
func TestStates(t *testing.T) {
	changed := withStatus("False", "True", v1alpha1.ReasonSuspended)
	changed.Generation = 2
	deleting := withStatus("True", "True", v1alpha1.ReasonIssued)
	deleting.DeletionTimestamp = &metav1.Time{Time: noon}
	overdue := withStatus("True", "True", v1alpha1.ReasonIssued)
	overdue.Status.ExpiresAt = &metav1.Time{Time: noon}
	soon := withStatus("True", "True", v1alpha1.ReasonIssued)
	soon.Status.ExpiresAt = &metav1.Time{Time: noon.Add(time.Second)}
	for name, c := range map[string]struct {
		token *v1alpha1.ApiToken
		want  tokens.State
	}{
		"live":                     {withStatus("True", "True", v1alpha1.ReasonIssued), tokens.Live},
		"about to expire":          {soon, tokens.Live},
		"expired, nobody said so":  {overdue, tokens.Expired},
		"new":                      {&v1alpha1.ApiToken{Status: v1alpha1.ApiTokenStatus{ObservedGeneration: -1}}, tokens.Waiting},
		"changed since":            {changed, tokens.Waiting},
		"suspended":                {withStatus("False", "True", v1alpha1.ReasonSuspended), tokens.Suspended},
		"expired":                  {withStatus("False", "True", v1alpha1.ReasonExpired), tokens.Expired},
		"declared as expired":      {withStatus("False", "False", v1alpha1.ReasonExpired, v1alpha1.ConditionStalled), tokens.Expired},
		"refused later":            {withStatus("False", "True", v1alpha1.ReasonNotPermitted), tokens.Refused},
		"refused for a new reason": {withStatus("False", "True", "OfALaterVersion"), tokens.Refused},
		"refused":                  {withStatus("False", "False", v1alpha1.ReasonNotPermitted, v1alpha1.ConditionStalled), tokens.Refused},
		"stalled for a new reason": {withStatus("False", "False", "OfALaterVersion", v1alpha1.ConditionStalled), tokens.Refused},
		"its Secret's name moved":  {withStatus("True", "False", v1alpha1.ReasonSecretConflict, v1alpha1.ConditionStalled), tokens.Live},
		"waits for approval":       {withStatus("False", "False", v1alpha1.ReasonApprovalRequired, v1alpha1.ConditionReconciling), tokens.Waiting},
		"waits for the policy":     {withStatus("False", "False", v1alpha1.ReasonPolicyNotReady, v1alpha1.ConditionReconciling), tokens.Waiting},
		"being deleted":            {deleting, tokens.Deleting},
	} {
		if have := tokens.StateOf(c.token, noon); have != c.want {
			t.Errorf("%s: %s, want %s", name, have, c.want)
		}
	}
}

// TestAdviceForEveryReason: each reason that an ApiToken can have is explained, also one that is added later.
func TestAdviceForEveryReason(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "..", "api", "v1alpha1", "conditions.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, d := range file.Decls {
		group, ok := d.(*ast.GenDecl)
		if !ok || group.Doc == nil || group.Doc.Text() != "Reasons of an ApiToken's conditions.\n" {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			reason, err := strconv.Unquote(value.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found++
			if tokens.Advice(reason) == "" {
				t.Errorf("nothing is said of %s", reason)
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d reasons", found)
	}
}
