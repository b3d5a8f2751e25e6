// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Without revokeIssuedBefore the configuration is that of before: an older gateway reads it.
func TestConfigOfRevokeIssuedBefore(t *testing.T) {
	p := minimal()
	at := &metav1.Time{Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}
	for _, deny := range []*v1alpha1.Deny{nil, {Owners: []v1alpha1.JiraUserName{"mallory"}}} {
		for _, before := range []*metav1.Time{nil, at} {
			p.Spec.Deny, p.Spec.RevokeIssuedBefore = deny, before
			config, err := compileConfig(p, Options{})
			if err != nil || !config.Deny.IssuedBefore.Equal(before) || len(config.Deny.Owners) > 0 != (deny != nil) {
				t.Errorf("%+v, %v: %+v, %v", deny, before, config.Deny, err)
			}
		}
	}
}
