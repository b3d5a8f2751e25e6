// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/expiring"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// certificateSoon is how long before the end of a certificate it is warned of. Who renews certificates by a program has it
// done earlier: cert-manager in the last third of their time, which is the last 30 of 90 days.
const certificateSoon = 14 * 24 * time.Hour

// certificateTime is when the certificates of one reference are valid together.
type certificateTime struct {
	field, secret string
	from, to      time.Time
	warn          time.Time // from then on
}

// certificateReferences are the certificates that a gateway shows to clients and to Jira.
func certificateReferences(spec *v1alpha1.TokenPolicySpec) []reference {
	return slices.DeleteFunc(references(spec), func(r reference) bool {
		_, pair := r.with[corev1.TLSCertKey]
		return !pair
	})
}

// certificates reads when the policy's certificates are valid. Those that are missing or can't be used are the matter of
// the condition Accepted.
func (v *Verifier) certificates(ctx context.Context, p *v1alpha1.TokenPolicy) (out []certificateTime, err error) {
	for _, ref := range certificateReferences(&p.Spec) {
		var secret corev1.Secret
		err := v.Live.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: ref.name}, &secret)
		if client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("%s: get Secret %s: %w", ref.field, ref.name, err)
		}
		if err != nil || ref.judge(p, &secret) != nil {
			continue
		}
		chain, err := jirasecret.ParseCertificates(secret.Data[corev1.TLSCertKey])
		if err != nil {
			continue // judge has refused it
		}
		out = append(out, timeOf(ref, chain))
	}
	return out, nil
}

// timeOf is pure: a chain is valid while each of it is.
func timeOf(ref reference, chain []*x509.Certificate) certificateTime {
	c := certificateTime{field: ref.field, secret: ref.name, from: chain[0].NotBefore, to: chain[0].NotAfter}
	for _, certificate := range chain[1:] {
		if certificate.NotBefore.After(c.from) {
			c.from = certificate.NotBefore
		}
		if certificate.NotAfter.Before(c.to) {
			c.to = certificate.NotAfter
		}
	}
	c.warn = expiring.From(c.from, c.to, certificateSoon)
	return c
}

// problem says what is wrong with it at a time; empty: nothing is. broken: connections fail by it.
func (c *certificateTime) problem(now time.Time) (text string, broken bool) {
	name := fmt.Sprintf("the certificate in Secret %s (%s)", c.secret, c.field)
	switch {
	case now.After(c.to):
		return fmt.Sprintf("%s expired at %s", name, c.to.UTC().Format(time.RFC3339)), true
	case now.Before(c.from):
		return fmt.Sprintf("%s is not valid before %s", name, c.from.UTC().Format(time.RFC3339)), true
	case !now.Before(c.warn):
		return fmt.Sprintf("%s expires at %s", name, c.to.UTC().Format(time.RFC3339)), false
	}
	return "", false
}

// certificateCondition is pure; nil: nothing is to be said.
func certificateCondition(p *v1alpha1.TokenPolicy, certificates []certificateTime, now time.Time) *metav1.Condition {
	reason, said := v1alpha1.ReasonCertificateExpiring, []string(nil)
	for i := range certificates {
		text, broken := certificates[i].problem(now)
		if text != "" {
			said = append(said, text)
		}
		if broken {
			reason = v1alpha1.ReasonCertificateInvalid
		}
	}
	if len(said) == 0 {
		return nil
	}
	return &metav1.Condition{
		Type: v1alpha1.ConditionCertificateExpiring, Status: metav1.ConditionTrue, Reason: reason, ObservedGeneration: p.Generation,
		Message: joined(said...) + ": put a new one, with its key, into the Secret; it is used for every connection from then on",
	}
}

// firstEnd is when the first of them expires; zero: there are none.
func firstEnd(certificates []certificateTime) (first time.Time) {
	for i := range certificates {
		if first.IsZero() || certificates[i].to.Before(first) {
			first = certificates[i].to
		}
	}
	return first
}
