// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/expiring"
)

const (
	// expiringBefore is the default of a policy's spec.monitoring.expiringBefore.
	expiringBefore = 120 * time.Hour
	// unneeded is what to do with a token that nobody will miss.
	unneeded = "if it is not needed any more, delete this ApiToken"
)

// expiry is what there is to say of the end of a token, beside that it has passed.
type expiry struct {
	at       time.Time // it is refused
	expiring time.Time // there is a warning from then on
	reason   string    // of the warning
	message  string    // when it ends, and what to do about it
}

// expiryOf reads when a token is to be warned of; nil: it does not expire.
func expiryOf(s *situation, c *claim) *expiry {
	at := c.Request.ExpiresAt
	if at == nil {
		return nil
	}
	return &expiry{
		at:       *at,
		expiring: expiring.From(c.Request.DeclaredAt, *at, expiringBeforeOf(s.policy)),
		reason:   v1alpha1.ReasonExpiresSoon,
		message: fmt.Sprintf("the token expires at %s and is refused from then on: to renew it, %s; %s",
			at.UTC().Format(time.RFC3339), renewal(&s.token.Spec), unneeded),
	}
}

// expiringBeforeOf is what a policy asks for; nil is none.
func expiringBeforeOf(p *v1alpha1.TokenPolicy) time.Duration {
	if p == nil || p.Spec.Monitoring == nil {
		return expiringBefore
	}
	if before, err := p.Spec.Monitoring.ExpiringBefore.Duration(); err == nil && before > 0 {
		return before
	}
	return expiringBefore // it is absent; the schema refuses what can't be read
}

// renewal says how the expiry is moved, by the field that it comes from.
func renewal(spec *v1alpha1.ApiTokenSpec) string {
	switch {
	case spec.ExpiresAt != nil:
		return "set a later spec.expiresAt"
	case spec.Lifetime != "":
		return "change spec.lifetime (it counts from that change), or set spec.expiresAt instead"
	}
	return "set spec.lifetime or spec.expiresAt, in place of the default of the policy"
}

// now tells whether there is a warning at that time.
func (e *expiry) now(now time.Time) bool {
	return e != nil && !now.Before(e.expiring) && now.Before(e.at)
}

// next is when what is to be said changes by time alone; zero: never again.
func (e *expiry) next(now time.Time) time.Time {
	switch {
	case e == nil || !now.Before(e.at):
		return time.Time{}
	case now.Before(e.expiring):
		return e.expiring
	}
	return e.at
}

// setExpiring is pure. Only what has a credential can expire; whether it is accepted besides, its condition Active says.
func setExpiring(t *v1alpha1.ApiToken, e *expiry, issued bool, now metav1.Time) {
	if !issued || !e.now(now.Time) {
		meta.RemoveStatusCondition(&t.Status.Conditions, v1alpha1.ConditionExpiring)
		return
	}
	meta.SetStatusCondition(&t.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionExpiring, Status: metav1.ConditionTrue, Reason: e.reason, Message: e.message,
		ObservedGeneration: t.Generation, LastTransitionTime: now,
	})
}

// eventExpiry tells that a token begins to be expiring, and that its expiry was moved to a later time.
func (r *Reconciler) eventExpiry(t, before *v1alpha1.ApiToken, v *verdict) {
	now := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionExpiring)
	told := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionExpiring)
	if now != nil && (told == nil || told.Reason != now.Reason) {
		r.event(t, corev1.EventTypeWarning, v1alpha1.ConditionExpiring, actionDecide, now.Message)
	}
	was, is := before.Status.ExpiresAt, t.Status.ExpiresAt
	unknown := is == nil && v.invalid // a spec that can't be read says nothing
	if before.Status.Credential == nil || t.Status.Credential == nil || was == nil || unknown || (is != nil && !was.Before(is)) {
		return
	}
	until := "it does not expire any more"
	if is != nil {
		until = "it expires at " + is.UTC().Format(time.RFC3339)
	}
	r.event(t, corev1.EventTypeNormal, "Renewed", actionDecide,
		fmt.Sprintf("the token was to expire at %s: now %s", was.UTC().Format(time.RFC3339), until))
}
