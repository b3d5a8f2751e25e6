// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestJudgeRanges(t *testing.T) {
	const local, cluster = corev1.ServiceExternalTrafficPolicyLocal, corev1.ServiceExternalTrafficPolicyCluster
	for name, c := range map[string]struct {
		spec    corev1.ServiceSpec
		proxies bool
		status  metav1.ConditionStatus
		reason  string
	}{
		"within the cluster":             {corev1.ServiceSpec{Type: "ClusterIP"}, false, metav1.ConditionUnknown, v1alpha1.ReasonNoTrustedProxies},
		"behind an Ingress":              {corev1.ServiceSpec{Type: "ClusterIP"}, true, metav1.ConditionTrue, v1alpha1.ReasonTrustedProxies},
		"load balancer":                  {corev1.ServiceSpec{Type: "LoadBalancer", ExternalTrafficPolicy: local}, false, metav1.ConditionTrue, v1alpha1.ReasonAddressKept},
		"load balancer that is a proxy":  {corev1.ServiceSpec{Type: "LoadBalancer", ExternalTrafficPolicy: local}, true, metav1.ConditionTrue, v1alpha1.ReasonTrustedProxies},
		"load balancer through any node": {corev1.ServiceSpec{Type: "LoadBalancer", ExternalTrafficPolicy: cluster}, false, metav1.ConditionFalse, v1alpha1.ReasonSourceNAT},
		"proxy through any node":         {corev1.ServiceSpec{Type: "LoadBalancer", ExternalTrafficPolicy: cluster}, true, metav1.ConditionFalse, v1alpha1.ReasonSourceNAT},
		"any node's port":                {corev1.ServiceSpec{Type: "NodePort", ExternalTrafficPolicy: cluster}, false, metav1.ConditionFalse, v1alpha1.ReasonSourceNAT},
		"external address of a node":     {corev1.ServiceSpec{Type: "ClusterIP", ExternalIPs: []string{"192.0.2.1"}}, false, metav1.ConditionFalse, v1alpha1.ReasonSourceNAT},
	} {
		p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
		if c.proxies {
			p.Spec.Gateway = &v1alpha1.Gateway{TrustedProxies: []v1alpha1.CIDR{"10.0.0.0/8"}}
		}
		got := judgeRanges(p, &corev1.Service{Spec: c.spec}, "a rule")
		if got.Status != c.status || got.Reason != c.reason || got.ObservedGeneration != 3 {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
