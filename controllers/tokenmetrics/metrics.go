// SPDX-License-Identifier: Apache-2.0

package tokenmetrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	labelNamespace = "namespace" // of the policy
	labelPolicy    = "policy"
	labelWithin    = "within"
)

var (
	tokensDesc = describe("tokens", "ApiTokens, by policy, reason (of the condition Active) and whether requests with them are let "+
		"through. Those that refer to no policy that exists have an empty policy.", "reason", "active")
	expiringDesc = describe("tokens_expiring",
		"Active ApiTokens that expire within 1d, 7d or 30d; each includes the one before.", labelWithin)
	expiringInUseDesc = describe("tokens_expiring_in_use",
		"Those of jiratokens_tokens_expiring that were used within the last 7 days.", labelWithin)
	unusedDesc = describe("tokens_unused",
		"ApiTokens that were not used for as long as their policy's monitoring.unusedAfter says.")
	retiringDesc = describe("credentials_retiring",
		"Credentials of ApiTokens that were replaced and are still accepted for a while.")
	conditionDesc = describe("policy_condition",
		"1 for what each condition of a TokenPolicy is.", "type", "status", "reason")
	stalenessDesc = describe("directory_max_staleness_seconds",
		"How long what was read of Jira's groups and owners counts while Jira can't be read (spec.directory.maxStaleness).")

	descriptions = []*prometheus.Desc{
		tokensDesc, expiringDesc, expiringInUseDesc, unusedDesc, retiringDesc, conditionDesc, stalenessDesc,
	}
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("jiratokens_"+name, help, append([]string{labelNamespace, labelPolicy}, labels...), nil)
}

// metrics are the counts as Prometheus wants them.
func (t *totals) metrics() []prometheus.Metric {
	out := []prometheus.Metric{}
	add := func(desc *prometheus.Desc, policy types.NamespacedName, value float64, labels ...string) {
		out = append(out, prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value,
			append([]string{policy.Namespace, policy.Name}, labels...)...))
	}
	for s, n := range t.tokens {
		add(tokensDesc, s.policy, float64(n), s.reason, strconv.FormatBool(s.active))
	}
	for policy, counts := range t.of {
		for i := range windows {
			add(expiringDesc, policy, float64(counts.expiring[i]), windows[i].name)
			add(expiringInUseDesc, policy, float64(counts.expiringInUse[i]), windows[i].name)
		}
		add(unusedDesc, policy, float64(counts.unused))
		add(retiringDesc, policy, float64(counts.retiring))
	}
	for _, p := range t.policies {
		key := client.ObjectKeyFromObject(p)
		for _, c := range p.Status.Conditions {
			add(conditionDesc, key, 1, c.Type, string(c.Status), c.Reason)
		}
		if bound := maxStaleness(p); bound > 0 {
			add(stalenessDesc, key, bound.Seconds())
		}
	}
	return out
}

// maxStaleness is 0 for a policy without a directory.
func maxStaleness(p *v1alpha1.TokenPolicy) time.Duration {
	if p.Spec.Directory == nil {
		return 0
	}
	bound, err := p.Spec.Directory.MaxStaleness.Duration()
	if err != nil { // the schema has refused all others, and sets the default
		return 0
	}
	return bound
}
