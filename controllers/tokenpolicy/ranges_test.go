// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func ruleWithRanges(p *v1alpha1.TokenPolicy) {
	p.Spec.Rules = []v1alpha1.Rule{{
		Name: "integrations", Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"marketing"}},
		Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"svc-zapier"}},
		Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}, SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24"}},
	}}
}

// TestSourceRangesEffective: a policy whose ranges judge something else than clients says so, and what to do.
func TestSourceRangesEffective(t *testing.T) {
	p := create(t, newPolicy(plane.Namespace(t), ruleWithRanges))
	kind := v1alpha1.ConditionSourceRangesEffective
	c := expectCondition(t, p, kind, metav1.ConditionUnknown, v1alpha1.ReasonNoTrustedProxies)
	if !strings.Contains(c.Message, "spec.gateway.trustedProxies") || !strings.Contains(c.Message, `rule "integrations"`) {
		t.Error(c.Message)
	}
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Gateway = &v1alpha1.Gateway{TrustedProxies: []v1alpha1.CIDR{"10.0.7.0/28"}}
	})
	expectCondition(t, p, kind, metav1.ConditionTrue, v1alpha1.ReasonTrustedProxies)
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Gateway = &v1alpha1.Gateway{Service: &v1alpha1.GatewayService{Type: corev1.ServiceTypeNodePort}}
	})
	expectCondition(t, p, kind, metav1.ConditionTrue, v1alpha1.ReasonAddressKept)
	update(t, p, func(p *v1alpha1.TokenPolicy) { p.Spec.Rules = nil })
	eventually(t, func() error {
		if err := get(t, p); err != nil || meta.FindStatusCondition(p.Status.Conditions, kind) == nil {
			return err
		}
		return fmt.Errorf("no range is used any more: %+v", p.Status.Conditions)
	})
}

// TestSourceRangesOfTokens: a token's own ranges count as well.
func TestSourceRangesOfTokens(t *testing.T) {
	p := newPolicy(plane.Namespace(t))
	tokens := plane.Namespace(t)
	create(t, &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Name: "zapier", Namespace: tokens},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Scopes: []v1alpha1.Scope{"read"}, SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24"},
			PolicyRef: v1alpha1.PolicyReference{Name: "jira", Namespace: v1alpha1.NamespaceName(p.Namespace)},
		},
	})
	create(t, p)
	c := expectCondition(t, p, v1alpha1.ConditionSourceRangesEffective, metav1.ConditionUnknown, v1alpha1.ReasonNoTrustedProxies)
	if !strings.HasPrefix(c.Message, "an ApiToken") {
		t.Error(c.Message)
	}
}

// TestSourceRangesFollowTokens: a token that begins to have ranges, and one that goes, change what the policy says.
func TestSourceRangesFollowTokens(t *testing.T) {
	p := create(t, newPolicy(plane.Namespace(t)))
	kind := v1alpha1.ConditionSourceRangesEffective
	absent := func() {
		t.Helper()
		eventually(t, func() error {
			if err := get(t, p); err != nil || meta.FindStatusCondition(p.Status.Conditions, kind) == nil {
				return err
			}
			return fmt.Errorf("no range is used: %+v", p.Status.Conditions)
		})
	}
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
	token := create(t, &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Name: "zapier", Namespace: plane.Namespace(t)},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Scopes: []v1alpha1.Scope{"read"},
			PolicyRef: v1alpha1.PolicyReference{Name: "jira", Namespace: v1alpha1.NamespaceName(p.Namespace)},
		},
	})
	absent()
	update(t, token, func(a *v1alpha1.ApiToken) { a.Spec.SourceRanges = []v1alpha1.CIDR{"203.0.113.0/24"} })
	expectCondition(t, p, kind, metav1.ConditionUnknown, v1alpha1.ReasonNoTrustedProxies)
	update(t, token, func(a *v1alpha1.ApiToken) { a.Spec.SourceRanges = nil })
	absent()
	update(t, token, func(a *v1alpha1.ApiToken) { a.Spec.SourceRanges = []v1alpha1.CIDR{"203.0.113.0/24"} })
	expectCondition(t, p, kind, metav1.ConditionUnknown, v1alpha1.ReasonNoTrustedProxies)
	if err := k8s.Delete(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	absent()
}

// TestUndeclaredGroupIsDoubted: the policy itself says so, not the tokens alone.
func TestUndeclaredGroupIsDoubted(t *testing.T) {
	p := ready(t, func(p *v1alpha1.TokenPolicy) {
		ruleWithRanges(p)
		p.Spec.Rules[0].Owners = v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"develpers"}}
	})
	for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionReady} {
		c := meta.FindStatusCondition(p.Status.Conditions, kind)
		if c == nil || c.Status != metav1.ConditionTrue || !strings.Contains(c.Message, `names the group "develpers", which spec.jiraGroups does not declare`) {
			t.Errorf("%s is %+v", kind, c)
		}
	}
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "Develpers", Members: []v1alpha1.JiraUserName{"alice"}}}
	})
	if c := expectCondition(t, p, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted); strings.Contains(c.Message, "develpers") {
		t.Error(c.Message)
	}
}
