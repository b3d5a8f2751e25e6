// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// expirySoon is how long before the end of an owner's Jira token a new one is asked for: its owner has to make it.
const expirySoon = 30 * 24 * time.Hour

// expiringToken is an owner's token that ends soon, or has.
type expiringToken struct {
	owner string
	at    time.Time
}

// expiring returns the tokens that end soon, the first one first, and when the first of all ends; zero: nobody said of any.
func (o *ownersToVerify) expiring(now time.Time) (soon []expiringToken, first time.Time) {
	for owner, secret := range o.secrets {
		at, err := jirasecret.ParseExpiry(secret.Data[jirasecret.KeyExpiresAt])
		if err != nil || at.IsZero() {
			continue // the gateway warns of one that can't be read
		}
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.Sub(now) <= expirySoon {
			soon = append(soon, expiringToken{owner, at})
		}
	}
	slices.SortFunc(soon, func(a, b expiringToken) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.owner, b.owner))
	})
	return soon, first
}

// expiryCondition is pure; nil: no token ends soon.
func expiryCondition(p *v1alpha1.TokenPolicy, soon []expiringToken) *metav1.Condition {
	if len(soon) == 0 {
		return nil
	}
	var names []string
	for _, token := range soon[:min(len(soon), ownersInMessage)] {
		names = append(names, fmt.Sprintf("%q (%s)", token.owner, token.at.Format(time.RFC3339)))
	}
	list := strings.Join(names, ", ")
	if more := len(soon) - ownersInMessage; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return &metav1.Condition{
		Type: v1alpha1.ConditionOwnerTokensExpiring, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonOwnerTokensExpiring,
		ObservedGeneration: p.Generation,
		Message: "the Jira tokens of these owners expire within 30 days, or have expired: " + list + "; each has to make a new one " +
			"in Jira, to be put into the Secret with its expiresAt",
	}
}

// expiryMetrics are by policy, of which a cluster has a handful.
type expiryMetrics struct{ first, expiring, certificate *prometheus.GaugeVec }

func newExpiryMetrics(registerer prometheus.Registerer) *expiryMetrics {
	factory, labels := promauto.With(registerer), []string{"namespace", "policy"}
	return &expiryMetrics{
		first: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "jiratokens_owner_token_expiry_timestamp_seconds",
			Help: "When the first of the owners' Jira tokens of a policy expires, of those whose Secrets say so (Unix time).",
		}, labels),
		expiring: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "jiratokens_owner_tokens_expiring",
			Help: "How many of the owners' Jira tokens of a policy expire within 30 days, or have expired.",
		}, labels),
		certificate: factory.NewGaugeVec(prometheus.GaugeOpts{
			Name: "jiratokens_certificate_expiry_timestamp_seconds",
			Help: "When the first of the certificates that a policy's gateway shows to clients or to Jira expires (Unix time).",
		}, labels),
	}
}

// set takes a zero time for none.
func (m *expiryMetrics) set(policy client.ObjectKey, expiring int, ownerToken, certificate time.Time) {
	m.expiring.WithLabelValues(policy.Namespace, policy.Name).Set(float64(expiring))
	for vector, at := range map[*prometheus.GaugeVec]time.Time{m.first: ownerToken, m.certificate: certificate} {
		if at.IsZero() {
			vector.DeleteLabelValues(policy.Namespace, policy.Name)
		} else {
			vector.WithLabelValues(policy.Namespace, policy.Name).Set(float64(at.Unix()))
		}
	}
}

func (m *expiryMetrics) forget(policy client.ObjectKey) {
	for _, vector := range []*prometheus.GaugeVec{m.first, m.expiring, m.certificate} {
		vector.DeleteLabelValues(policy.Namespace, policy.Name)
	}
}
