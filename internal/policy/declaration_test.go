// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

func apiToken(change func(*v1alpha1.ApiTokenSpec)) *v1alpha1.ApiToken {
	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: "dev", Name: "t"},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Description: "backup", Scopes: []v1alpha1.Scope{"write", "read"}, SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24"},
			Secret: &v1alpha1.TokenSecret{
				Name: "s", Labels: map[string]v1alpha1.LabelValue{"b": "2", "a": "1"}, Annotations: map[string]v1alpha1.AnnotationValue{"c": "3"},
			},
		},
	}
	change(&token.Spec)
	return token
}

func TestNewRequest(t *testing.T) {
	burst := int32(5)
	defaults := &v1alpha1.TokenDefaults{Lifetime: "1h", RateLimit: &v1alpha1.RateLimit{Requests: 60, Period: "1m"}}
	fromDefault := &grant.RateLimit{Requests: 60, Period: time.Minute, Burst: 60}
	for name, c := range map[string]struct {
		change   func(*v1alpha1.ApiTokenSpec)
		defaults *v1alpha1.TokenDefaults
		lifetime time.Duration // 0: for ever
		rate     *grant.RateLimit
	}{
		"no defaults":    {func(*v1alpha1.ApiTokenSpec) {}, nil, 0, nil},
		"empty defaults": {func(*v1alpha1.ApiTokenSpec) {}, &v1alpha1.TokenDefaults{}, 0, nil},
		"defaults":       {func(*v1alpha1.ApiTokenSpec) {}, defaults, time.Hour, fromDefault},
		"own values": {func(s *v1alpha1.ApiTokenSpec) {
			s.Lifetime, s.RateLimit = "2h", &v1alpha1.RateLimit{Requests: 100, Period: "1s", Burst: &burst}
		}, defaults, 2 * time.Hour, &grant.RateLimit{Requests: 100, Period: time.Second, Burst: 5}},
		"own date": {func(s *v1alpha1.ApiTokenSpec) { s.ExpiresAt = &metav1.Time{Time: declared.Add(3 * time.Hour)} }, defaults, 3 * time.Hour, fromDefault},
	} {
		got, err := policy.NewRequest(apiToken(c.change), map[string]string{"l": "v"}, c.defaults, declared)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var expiry *time.Time
		if c.lifetime > 0 {
			at := declared.Add(c.lifetime)
			expiry = &at
		}
		want := request(func(r *policy.Request) {
			r.NamespaceLabels, r.Description, r.Scopes = map[string]string{"l": "v"}, "backup", scope.Read.With(scope.Write)
			r.SourceRanges, r.RateLimit, r.ExpiresAt, r.Now = got.SourceRanges, c.rate, expiry, time.Time{}
			r.SecretLabels, r.SecretAnnotations = []string{"a", "b"}, []string{"c"}
		})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		wanted := grant.Grant{Owner: "alice", Scopes: []string{"read", "write"}, SourceRanges: got.SourceRanges, RateLimit: c.rate}
		if g := got.Grant(); !reflect.DeepEqual(g, wanted) || g.SourceRanges[0].String() != "203.0.113.0/24" {
			t.Errorf("%s: grant %+v", name, g)
		}
	}
}

// TestNewRequestFails: what passed the schema and can't be used is an error that names the field.
func TestNewRequestFails(t *testing.T) {
	for want, c := range map[string]struct {
		change   func(*v1alpha1.ApiTokenSpec)
		defaults *v1alpha1.TokenDefaults
	}{
		"spec.owner":                              {func(s *v1alpha1.ApiTokenSpec) { s.Owner = "alice\x00" }, nil},
		"spec.scopes":                             {func(s *v1alpha1.ApiTokenSpec) { s.Scopes = []v1alpha1.Scope{"everything"} }, nil},
		"spec.sourceRanges":                       {func(s *v1alpha1.ApiTokenSpec) { s.SourceRanges = []v1alpha1.CIDR{"here"} }, nil},
		"spec.rateLimit: period":                  {func(s *v1alpha1.ApiTokenSpec) { s.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "0s"} }, nil},
		"spec.lifetime":                           {func(s *v1alpha1.ApiTokenSpec) { s.Lifetime = "1d" }, nil},
		"the policy's spec.defaults.lifetime":     {func(*v1alpha1.ApiTokenSpec) {}, &v1alpha1.TokenDefaults{Lifetime: "1d"}},
		"the policy's spec.defaults.rateLimit: r": {func(*v1alpha1.ApiTokenSpec) {}, &v1alpha1.TokenDefaults{RateLimit: &v1alpha1.RateLimit{Period: "1m"}}},
	} {
		got, err := policy.NewRequest(apiToken(c.change), nil, c.defaults, declared)
		if got != nil || err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
