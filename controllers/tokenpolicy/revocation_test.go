// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

var errStillSaid = errors.New("it still says that nothing has been ended")

// TestRevocationToComeIsDoubted, until it counts: whoever mistakes the year must not believe that something was ended.
func TestRevocationToComeIsDoubted(t *testing.T) {
	at := time.Now().Add(5 * time.Second).Truncate(time.Second)
	p := ready(t, func(p *v1alpha1.TokenPolicy) { p.Spec.RevokeIssuedBefore = &metav1.Time{Time: at} })
	says := func() bool {
		c := expectCondition(t, p, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
		return strings.Contains(c.Message, "spec.revokeIssuedBefore counts from "+at.UTC().Format(time.RFC3339))
	}
	if time.Now().Before(at) && !says() && time.Now().Before(at) {
		t.Error("it does not say that nothing has been ended")
	}
	eventually(t, func() error {
		if says() {
			return errStillSaid
		}
		return nil
	})
	if time.Now().Before(at) {
		t.Error("it says too early that it counts")
	}
}
