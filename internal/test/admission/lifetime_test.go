// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// What is odd about a lifetime is said when a token is tried, declared or changed, and admitted all the same. What the
// policy's default makes of it counts.
func TestOddLifetimesAreWarnedOf(t *testing.T) {
	start(t, options{})
	namespace, eternal, dated := plane.Namespace(t), plane.Namespace(t), plane.Namespace(t)
	alice := user(t, namespace, roleEditor, "alice")
	must(t, plane.Client.Create(t.Context(), newPolicy(eternal, v1alpha1.AdmissionWarn)))
	withDefault := newPolicy(dated, v1alpha1.AdmissionWarn)
	withDefault.Spec.Defaults = &v1alpha1.TokenDefaults{Lifetime: "720h"}
	must(t, plane.Client.Create(t.Context(), withDefault))
	past := metav1.NewTime(time.Now().Add(-time.Hour).Truncate(time.Second))
	year := metav1.NewTime(time.Now().Add(400 * 24 * time.Hour).Truncate(time.Second))
	until := func(at metav1.Time) func(*v1alpha1.ApiToken) {
		return func(a *v1alpha1.ApiToken) { a.Spec.ExpiresAt = &at }
	}
	for name, c := range map[string]struct {
		policy string
		edit   func(*v1alpha1.ApiToken)
		want   string
	}{
		"past":       {dated, until(past), "spec.expiresAt lies in the past"},
		"long":       {dated, until(year), "in more than a year"},
		"never":      {eternal, func(*v1alpha1.ApiToken) {}, "this token never expires"},
		"by default": {dated, func(*v1alpha1.ApiToken) {}, ""},
		"no policy":  {"nowhere", func(*v1alpha1.ApiToken) {}, ""},
		"soon": {
			"nowhere", func(a *v1alpha1.ApiToken) { a.Spec.Lifetime = "2m" },
			"spec.lifetime: 2m ends the token",
		},
		"rotation": {dated, func(a *v1alpha1.ApiToken) {
			a.Spec.Lifetime, a.Spec.Rotation = "24h", &v1alpha1.Rotation{Every: "168h"}
		}, "spec.rotation.every: 168h is not less than the token's lifetime of 24h"},
	} {
		t.Run(name, func(t *testing.T) {
			token := newToken(namespace, "", underPolicy(c.policy, "alice"), c.edit,
				func(a *v1alpha1.ApiToken) { a.GenerateName = "t-" })
			eventually(t, func() error { // the policy is in the manager's cache
				must(t, alice.Create(t.Context(), token.DeepCopy(), client.DryRunAll))
				said := strings.Join(alice.takeWarnings(), " ")
				odd := strings.Contains(said, "lifetime") || strings.Contains(said, "spec.expiresAt")
				if odd != (c.want != "") || !strings.Contains(said, c.want) {
					return outputError(said, errNotYet)
				}
				return nil
			})
		})
	}
	token := newToken(namespace, "expired", underPolicy(dated, "alice"), until(past))
	must(t, alice.Create(t.Context(), token))
	alice.takeWarnings()
	must(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"spec":{"description":"x"}}`)))
	if said := strings.Join(alice.takeWarnings(), " "); !strings.Contains(said, "spec.expiresAt is left as it is, and the token expired at") {
		t.Errorf("have %q", said)
	}
	must(t, alice.Patch(t.Context(), stored(t, token), mergePatch(`{"metadata":{"annotations":{"jiratokens.io/request":"mine"}}}`)))
	if said := strings.Join(alice.takeWarnings(), " "); strings.Contains(said, "spec.expiresAt") {
		t.Errorf("nothing of the lifetime changed: %q", said)
	}
}
