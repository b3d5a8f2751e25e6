// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"strings"
	"testing"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestNoEscapes: what tenants write into annotations, and what conditions repeat of it, does not steer a terminal or pass for
// lines of the plugin's.
func TestNoEscapes(t *testing.T) {
	const mean = "x\x1b]0;title\x07\x1b[2J\u009b31m\u202e\nerror: none\r"
	p, namespace, admin := newPolicy(t), plane.Namespace(t), newPerson(t, "admin", "system:masters")
	for _, name := range []string{"one", "two"} {
		object := newToken(t, p, namespace, name, func(o *v1alpha1.ApiToken) {
			o.Labels = map[string]string{"team": "a"}
			o.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": mean + ":a", v1alpha1.AnnotationRotateRequestedAt: mean}
		})
		report(t, object, metav1.ConditionFalse, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted, func(s *v1alpha1.ApiTokenStatus) {
			for i := range s.Conditions {
				s.Conditions[i].Message = "because" + mean
			}
			s.RequestedBy = mean
		})
	}
	all := []string{"-n", namespace, "-l", "team=a", "--yes"}
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{0, "", []string{"list", "-n", namespace, "-o", "wide"}},
		{0, "Argo CD's application x", []string{"describe", "one", "-n", namespace}},
		{1, "becausex", []string{"approve", "one", "-n", namespace, "--yes"}},
		{1, "becausex", []string{"rotate", "one", "-n", namespace, "--yes", "--now"}},
		{4, "becausex", []string{"rotate", "one", "-n", namespace, "--yes", "--wait=5s"}},
		{4, "error: ApiToken " + namespace + "/one is refused: NotPermitted: becausex", append([]string{"resume", "--wait=5s"}, all...)},
		{6, "is not suspended yet", []string{"suspend", "one", "-n", namespace, "--yes", "--wait=300ms"}},
		{0, "Warning: Argo CD's application x", append([]string{"revoke"}, all...)},
	} {
		r := admin.runs(t, c.args...)
		r.expect(t, c.code, c.says)
		for line := range strings.Lines(r.out + r.errOut) {
			steers := func(r rune) bool { return !unicode.IsPrint(r) }
			if strings.HasPrefix(line, "error: none") || strings.ContainsFunc(strings.TrimSuffix(line, "\n"), steers) {
				t.Errorf("%v prints %q", c.args, line)
			}
		}
	}
}
