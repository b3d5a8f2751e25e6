// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// withScheduling adds what the policy says about where pods run. What it does not say stays out of the pod: it may be a
// webhook's, which keeps namespaces to nodes of their own.
func withScheduling(
	pod *corev1ac.PodSpecApplyConfiguration, policy *v1alpha1.TokenPolicy,
) *corev1ac.PodSpecApplyConfiguration {
	if policy.Spec.Gateway == nil || policy.Spec.Gateway.Scheduling == nil {
		return pod
	}
	wanted := policy.Spec.Gateway.Scheduling
	for key, value := range wanted.NodeSelector {
		pod.WithNodeSelector(map[string]string{key: string(value)})
	}
	for i := range wanted.Tolerations {
		pod.WithTolerations(toleration(&wanted.Tolerations[i]))
	}
	if wanted.PriorityClassName != "" {
		pod.WithPriorityClassName(wanted.PriorityClassName)
	}
	return pod
}

// toleration leaves out what is empty: absent and empty mean the same, and the API server keeps neither.
func toleration(wanted *v1alpha1.Toleration) *corev1ac.TolerationApplyConfiguration {
	t := corev1ac.Toleration()
	if wanted.Key != "" {
		t.WithKey(wanted.Key)
	}
	if wanted.Operator != "" {
		t.WithOperator(wanted.Operator)
	}
	if wanted.Value != "" {
		t.WithValue(string(wanted.Value))
	}
	if wanted.Effect != "" {
		t.WithEffect(wanted.Effect)
	}
	t.TolerationSeconds = wanted.TolerationSeconds
	return t
}

// awayFromEachOther prefers one gateway a node, and still schedules on a cluster of one node.
func awayFromEachOther(policyName string) *corev1ac.AffinityApplyConfiguration {
	return corev1ac.Affinity().WithPodAntiAffinity(corev1ac.PodAntiAffinity().
		WithPreferredDuringSchedulingIgnoredDuringExecution(corev1ac.WeightedPodAffinityTerm().
			WithWeight(100).
			WithPodAffinityTerm(corev1ac.PodAffinityTerm().
				WithTopologyKey(corev1.LabelHostname).
				WithLabelSelector(selector(policyName)))))
}

func overZones(policyName string) *corev1ac.TopologySpreadConstraintApplyConfiguration {
	return corev1ac.TopologySpreadConstraint().
		WithMaxSkew(1).
		WithTopologyKey(corev1.LabelTopologyZone).
		WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(PodLabels(policyName)))
}
