// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"reflect"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// Each field of the spec is set here, so that one that is added to the API has to be decided about.
var changes = map[string][]func(*v1alpha1.ApiTokenSpec){
	"Owner":       {func(s *v1alpha1.ApiTokenSpec) { s.Owner = "bob" }},
	"Description": {func(s *v1alpha1.ApiTokenSpec) { s.Description = "x" }},
	"PolicyRef": {
		func(s *v1alpha1.ApiTokenSpec) { s.PolicyRef.Name = "x" },
		func(s *v1alpha1.ApiTokenSpec) { s.PolicyRef.Namespace = "x" },
	},
	"Scopes": {
		func(s *v1alpha1.ApiTokenSpec) { s.Scopes = s.Scopes[:1] },
		func(s *v1alpha1.ApiTokenSpec) { s.Scopes = []v1alpha1.Scope{"read", "admin"} },
	},
	"ExpiresAt": {
		func(s *v1alpha1.ApiTokenSpec) { s.ExpiresAt = &metav1.Time{Time: start} },
		func(s *v1alpha1.ApiTokenSpec) { s.ExpiresAt = &metav1.Time{Time: start.Add(time.Second)} },
	},
	"Lifetime": {
		func(s *v1alpha1.ApiTokenSpec) { s.Lifetime = "1h" },
		func(s *v1alpha1.ApiTokenSpec) { s.Lifetime = "60m" }, // the controller counts from such a change, too
	},
	"SourceRanges": {
		func(s *v1alpha1.ApiTokenSpec) { s.SourceRanges = []v1alpha1.CIDR{"10.0.0.0/8"} },
		func(s *v1alpha1.ApiTokenSpec) { s.SourceRanges = []v1alpha1.CIDR{"10.0.0.0/9"} },
	},
	"Headers": {
		func(s *v1alpha1.ApiTokenSpec) { s.Headers = []v1alpha1.HeaderPattern{{Name: "A", Pattern: "b"}} },
		func(s *v1alpha1.ApiTokenSpec) { s.Headers = []v1alpha1.HeaderPattern{{Name: "A", Pattern: "*"}} },
		func(s *v1alpha1.ApiTokenSpec) { s.Headers = []v1alpha1.HeaderPattern{{Name: "B", Pattern: "b"}} },
	},
	"RateLimit": {
		func(s *v1alpha1.ApiTokenSpec) { s.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "1m"} },
		func(s *v1alpha1.ApiTokenSpec) { s.RateLimit = &v1alpha1.RateLimit{Requests: 2, Period: "1m"} },
		func(s *v1alpha1.ApiTokenSpec) { s.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "2m"} },
		func(s *v1alpha1.ApiTokenSpec) {
			s.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "1m", Concurrent: new(int32(1))}
		},
		func(s *v1alpha1.ApiTokenSpec) {
			s.RateLimit = &v1alpha1.RateLimit{Requests: 1, Period: "1m", Burst: new(int32(1))}
		},
	},
	"Rotation": {
		func(s *v1alpha1.ApiTokenSpec) { s.Rotation = &v1alpha1.Rotation{} },
		func(s *v1alpha1.ApiTokenSpec) { s.Rotation = &v1alpha1.Rotation{Every: "168h"} },
		func(s *v1alpha1.ApiTokenSpec) { s.Rotation = &v1alpha1.Rotation{Every: "168h", Overlap: "24h"} },
	},
	"Suspend": nil,
	"Secret": {
		func(s *v1alpha1.ApiTokenSpec) { s.Secret = &v1alpha1.TokenSecret{Name: "a"} },
		func(s *v1alpha1.ApiTokenSpec) { s.Secret = &v1alpha1.TokenSecret{Name: "b"} },
		func(s *v1alpha1.ApiTokenSpec) {
			s.Secret = &v1alpha1.TokenSecret{Name: "b", Labels: map[string]v1alpha1.LabelValue{"a": "b"}}
		},
		func(s *v1alpha1.ApiTokenSpec) {
			s.Secret = &v1alpha1.TokenSecret{Name: "b", Annotations: map[string]v1alpha1.AnnotationValue{"a": "b"}}
		},
	},
	"TokenHash": {
		func(s *v1alpha1.ApiTokenSpec) { s.TokenHash = "sha256:a" },
		func(s *v1alpha1.ApiTokenSpec) { s.TokenHash = "sha256:b" },
	},
}

func TestDigestCoversTheSpec(t *testing.T) {
	seen := map[string]string{stamp.DigestOf(&apiToken().Spec): "nothing"}
	for field := range reflect.TypeFor[v1alpha1.ApiTokenSpec]().Fields() {
		edits, ok := changes[field.Name]
		if !ok {
			t.Errorf("nobody has decided whether spec.%s is judged", field.Name)
		}
		for _, edit := range edits {
			spec := apiToken().Spec
			edit(&spec)
			digest := stamp.DigestOf(&spec)
			if before, ok := seen[digest]; ok {
				t.Errorf("a change of %s has the digest of a change of %s", field.Name, before)
			}
			seen[digest] = field.Name
		}
	}
}

// What a stored stamp was made over must be what a later release computes.
func TestDigestStays(t *testing.T) {
	spec := apiToken().Spec
	for _, edits := range changes {
		for _, edit := range edits {
			edit(&spec)
		}
	}
	spec.Scopes = []v1alpha1.Scope{"write", "read"}
	spec.ExpiresAt = &metav1.Time{Time: start.In(time.FixedZone("", 3600))}
	spec.Owner, spec.Suspend = "Bob", true
	spec.TokenHash, spec.Headers, spec.Rotation = "", nil, nil // they came later: what does not set them has the digest that it had
	const want = "sha256:66be79f600ec50e7b39138a7aba299f5d210c94cf1bdf77db57ad6c3912aed26"
	if have := stamp.DigestOf(&spec); have != want {
		t.Errorf("stamps that are stored would not be believed any more\nwant %s\nhave %s", want, have)
	}
}
