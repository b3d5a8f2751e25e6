// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"maps"
	"slices"
	"strings"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// rights are verbs, by "resource.group/name" as kubectl auth can-i --list has them.
type rights map[string][]string

// rightsOf asks the API server what an account may do in a namespace: what kubectl auth can-i --list prints.
func rightsOf(t *testing.T, config *rest.Config, namespace string) rights {
	t.Helper()
	account, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	review, err := account.AuthorizationV1().SelfSubjectRulesReviews().Create(t.Context(), &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if review.Status.Incomplete {
		t.Fatalf("the API server does not know all rights: %s", review.Status.EvaluationError)
	}
	out := rights{}
	for _, rule := range review.Status.ResourceRules {
		for _, resource := range targets(rule) {
			out[resource] = append(out[resource], rule.Verbs...)
		}
	}
	for _, rule := range review.Status.NonResourceRules {
		for _, url := range rule.NonResourceURLs {
			out["URL "+url] = append(out["URL "+url], rule.Verbs...)
		}
	}
	for resource, verbs := range out {
		slices.Sort(verbs)
		out[resource] = slices.Compact(verbs)
	}
	return out
}

func targets(rule authorizationv1.ResourceRule) []string {
	var out []string
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			name := strings.TrimSuffix(resource+"."+group, ".")
			if main, sub, ok := strings.Cut(resource, "/"); ok {
				name = strings.TrimSuffix(main+"."+group, ".") + "/" + sub
			}
			if len(rule.ResourceNames) == 0 {
				out = append(out, name)
			}
			for _, only := range rule.ResourceNames {
				out = append(out, name+" "+only)
			}
		}
	}
	return out
}

// without takes away what others may as well.
func (r rights) without(others rights) rights {
	out := rights{}
	for resource, verbs := range r {
		more := slices.DeleteFunc(slices.Clone(verbs), func(verb string) bool { return slices.Contains(others[resource], verb) })
		if len(more) > 0 {
			out[resource] = more
		}
	}
	return out
}

func (r rights) sorted() []string { return slices.Sorted(maps.Keys(r)) }
