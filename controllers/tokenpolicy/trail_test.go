// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
)

// recordedOf is what was recorded about a policy, but for an end that was repeated after a lost race.
func recordedOf(p *v1alpha1.TokenPolicy) []audittrail.Entry {
	entries := trail.Of(func(e *audittrail.Entry) bool { return e.Policy == client.ObjectKeyFromObject(p).String() })
	return slices.CompactFunc(entries, func(a, b audittrail.Entry) bool {
		return a.Event == b.Event && b.Event == audittrail.PolicyDeleted
	})
}

// TestChangesOfAPolicyAreRecorded: each generation once, with who wrote it, and the end.
func TestChangesOfAPolicyAreRecorded(t *testing.T) {
	p := ready(t)
	first := p.Generation
	update(t, p, func(p *v1alpha1.TokenPolicy) { p.Labels = map[string]string{"no": "change"} })
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"mallory"}}
	})
	eventually(t, func() error {
		if got := recordedOf(p); len(got) < 2 {
			return errors.New("the change is not recorded")
		}
		return nil
	})
	got := recordedOf(p)
	if len(got) != 2 || got[0].Generation != first || got[1].Generation != first+1 || got[0].SpecDigest == got[1].SpecDigest {
		t.Errorf("%+v", got)
	}
	for _, e := range got {
		if e.Event != audittrail.Policy || e.UID != string(p.UID) || !strings.HasPrefix(e.SpecDigest, "sha256:") || e.FieldManager != "kubectl-edit" {
			t.Errorf("%+v", e)
		}
	}
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		got := recordedOf(p)
		if last := got[len(got)-1]; last.Event != audittrail.PolicyDeleted {
			return errors.New("the end is not recorded")
		}
		return nil
	})
}
