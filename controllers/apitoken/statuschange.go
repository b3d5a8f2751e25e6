// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// statusChanged compares what this controller writes. What a token is used for is written by another one, for each token that is
// in use every ten minutes, and nothing here depends on it.
func statusChanged(before, after *v1alpha1.ApiToken) bool {
	return !equality.Semantic.DeepEqual(ownStatus(before), ownStatus(after))
}

func ownStatus(t *v1alpha1.ApiToken) *v1alpha1.ApiTokenStatus {
	s := t.Status
	s.Activity = nil
	ofActivity := func(c metav1.Condition) bool { return c.Type == v1alpha1.ConditionUnused }
	if slices.ContainsFunc(s.Conditions, ofActivity) {
		s.Conditions = slices.DeleteFunc(slices.Clone(s.Conditions), ofActivity)
	}
	return &s
}
