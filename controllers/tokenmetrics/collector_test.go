// SPDX-License-Identifier: Apache-2.0

package tokenmetrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const day = 24 * time.Hour

var now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// bench is a collector over stores that a test fills.
type bench struct {
	*Collector
	clock *clocktesting.FakePassiveClock
	of    *stores
}

func newStores() *stores {
	one := func() []toolscache.Indexer {
		return []toolscache.Indexer{toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, nil)}
	}
	return &stores{tokens: one(), policies: one()}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{clock: clocktesting.NewFakePassiveClock(now), of: newStores()}
	collector, err := New(nil, b.clock, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	b.Collector = collector
	b.lead(b.of)
	return b
}

func (b *bench) token(t *testing.T, name, policy, reason string, edit ...func(*v1alpha1.ApiToken)) {
	t.Helper()
	token := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: "dev", Name: name}}
	token.Spec.PolicyRef = v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: policy}
	if reason != "" {
		status := metav1.ConditionFalse
		if reason == v1alpha1.ReasonIssued {
			status = metav1.ConditionTrue
		}
		token.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionActive, Status: status, Reason: reason}}
	}
	for _, e := range edit {
		e(token)
	}
	if err := b.of.tokens[0].Add(token); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) policy(t *testing.T, name string, edit ...func(*v1alpha1.TokenPolicy)) {
	t.Helper()
	p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: name}}
	for _, e := range edit {
		e(p)
	}
	if err := b.of.policies[0].Add(p); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) want(t *testing.T, name string, series ...string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(b.Collector)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			got = append(got, fmt.Sprintf("%s %v", strings.Join(labels, ","), m.GetGauge().GetValue()))
		}
	}
	if strings.Join(got, "\n") != strings.Join(series, "\n") {
		t.Errorf("%s\ngot\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(series, "\n"))
	}
}

func expires(in time.Duration) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) { t.Status.ExpiresAt = &metav1.Time{Time: now.Add(in)} }
}

func used(ago time.Duration) func(*v1alpha1.ApiToken) {
	return func(t *v1alpha1.ApiToken) {
		t.Status.Activity = &v1alpha1.ActivityStatus{LastUsedAt: &metav1.Time{Time: now.Add(-ago)}}
	}
}

func TestTokensByPolicyAndReason(t *testing.T) {
	b := newBench(t)
	b.policy(t, "jira")
	b.token(t, "a", "jira", v1alpha1.ReasonIssued)
	b.token(t, "b", "jira", v1alpha1.ReasonIssued)
	b.token(t, "c", "jira", v1alpha1.ReasonExpired)
	b.token(t, "d", "jira", "")
	b.token(t, "e", "anything", v1alpha1.ReasonPolicyNotFound)
	b.token(t, "f", "goes", v1alpha1.ReasonPolicyNotFound)
	b.want(t, "jiratokens_tokens",
		"active=false,namespace=,policy=,reason=PolicyNotFound 2",
		"active=false,namespace=jira-gateway,policy=jira,reason=Expired 1",
		"active=false,namespace=jira-gateway,policy=jira,reason=Pending 1",
		"active=true,namespace=jira-gateway,policy=jira,reason=Issued 2")
}

func TestTokensThatExpire(t *testing.T) {
	b := newBench(t)
	b.policy(t, "jira")
	issued := v1alpha1.ReasonIssued
	b.token(t, "tomorrow", "jira", issued, expires(day), used(2*day))
	b.token(t, "this-week", "jira", issued, expires(7*day), used(8*day))
	b.token(t, "this-month", "jira", issued, expires(8*day))
	b.token(t, "later", "jira", issued, expires(31*day), used(0))
	b.token(t, "never", "jira", issued, used(0))
	b.token(t, "over", "jira", issued, expires(0), used(0)) // the manager has not looked yet
	b.token(t, "suspended", "jira", v1alpha1.ReasonSuspended, expires(day), used(0))
	of := func(window string, n int) string {
		return fmt.Sprintf("namespace=jira-gateway,policy=jira,within=%s %d", window, n)
	}
	b.want(t, "jiratokens_tokens_expiring", of("1d", 1), of("30d", 3), of("7d", 2))
	b.want(t, "jiratokens_tokens_expiring_in_use", of("1d", 1), of("30d", 1), of("7d", 1))
}

func TestRetiringAndUnused(t *testing.T) {
	b := newBench(t)
	b.policy(t, "jira")
	b.token(t, "a", "jira", v1alpha1.ReasonIssued, func(t *v1alpha1.ApiToken) {
		t.Status.Retiring = make([]v1alpha1.RetiringCredential, 2)
	})
	b.token(t, "b", "jira", v1alpha1.ReasonIssued, func(t *v1alpha1.ApiToken) {
		t.Status.Conditions = append(t.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionUnused, Status: metav1.ConditionTrue})
	})
	b.want(t, "jiratokens_credentials_retiring", "namespace=jira-gateway,policy=jira 2")
	b.want(t, "jiratokens_tokens_unused", "namespace=jira-gateway,policy=jira 1")
}

func TestPolicies(t *testing.T) {
	b := newBench(t)
	b.policy(t, "jira", func(p *v1alpha1.TokenPolicy) {
		p.Spec.Directory = &v1alpha1.Directory{MaxStaleness: "24h"}
		p.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonGatewayReady},
			{Type: v1alpha1.ConditionDirectorySynced, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonDirectoryUnreachable},
		}
	})
	b.policy(t, "other")
	b.want(t, "jiratokens_policy_condition",
		"namespace=jira-gateway,policy=jira,reason=GatewayReady,status=True,type=Ready 1",
		"namespace=jira-gateway,policy=jira,reason=JiraUnreachable,status=False,type=DirectorySynced 1")
	b.want(t, "jiratokens_directory_max_staleness_seconds", "namespace=jira-gateway,policy=jira 86400")
}

// However often somebody scrapes, objects are counted every ten seconds at most. A manager that does not lead has nothing
// to say: its counts would be added to the leader's.
func TestCountsAreNotMadeTooOftenNorTwice(t *testing.T) {
	b := newBench(t)
	b.policy(t, "jira")
	b.token(t, "a", "jira", v1alpha1.ReasonIssued)
	one, two := "active=true,namespace=jira-gateway,policy=jira,reason=Issued 1", "active=true,namespace=jira-gateway,policy=jira,reason=Issued 2"
	b.want(t, "jiratokens_tokens", one)
	b.token(t, "b", "jira", v1alpha1.ReasonIssued)
	b.clock.SetTime(now.Add(countEvery - time.Second))
	b.want(t, "jiratokens_tokens", one)
	b.clock.SetTime(now.Add(countEvery))
	b.want(t, "jiratokens_tokens", two)
	b.lead(nil)
	if n := testutil.CollectAndCount(b.Collector); n != 0 {
		t.Errorf("%d series of a manager that does not lead", n)
	}
}

func TestRotationsByCause(t *testing.T) {
	registry := prometheus.NewRegistry()
	rotations, policy := NewRotations(registry), types.NamespacedName{Namespace: "jira-gateway", Name: "jira"}
	if n := testutil.CollectAndCount(rotations.total); n != 0 {
		t.Errorf("%d series before the first rotation", n)
	}
	rotations.Count(policy, CauseSchedule)
	rotations.Count(policy, CauseSchedule)
	rotations.Count(policy, CauseSecretLost)
	for _, cause := range causes {
		want := map[Cause]float64{CauseSchedule: 2, CauseSecretLost: 1}[cause]
		if got := testutil.ToFloat64(rotations.total.WithLabelValues("jira-gateway", "jira", string(cause))); got != want {
			t.Errorf("%s: %v, want %v", cause, got, want)
		}
	}
	if problems, err := testutil.GatherAndLint(registry); err != nil || len(problems) != 0 {
		t.Errorf("%v %v", problems, err)
	}
	var none *Rotations
	none.Count(policy, CauseSchedule)
}

// BenchmarkCollect has 100,000 ApiTokens counted.
func BenchmarkCollect(b *testing.B) {
	now := clocktesting.NewFakePassiveClock(now)
	c := &Collector{clock: now}
	of := newStores()
	_ = of.policies[0].Add(&v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "p", Name: "jira"}})
	for i := range 100_000 {
		t := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: "dev", Name: fmt.Sprint(i)}}
		t.Spec.PolicyRef = v1alpha1.PolicyReference{Namespace: "p", Name: "jira"}
		t.Status.Conditions = []metav1.Condition{
			{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonIssued},
			{Type: v1alpha1.ConditionActive, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonIssued},
		}
		_ = of.tokens[0].Add(t)
	}
	c.lead(of)
	b.ReportAllocs()
	for b.Loop() {
		now.SetTime(now.Now().Add(countEvery))
		testutil.CollectAndCount(c)
	}
}
