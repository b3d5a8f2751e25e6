// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"slices"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// admits tells whether a NetworkPolicy lets a pod connect to a port of the pods that it selects.
func admits(t *testing.T, p *networkingv1.NetworkPolicy, namespace string, pod map[string]string, port string) bool {
	t.Helper()
	return slices.ContainsFunc(p.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
		open := len(rule.Ports) == 0 || slices.ContainsFunc(rule.Ports, func(open networkingv1.NetworkPolicyPort) bool {
			return open.Port == nil || open.Port.String() == port
		})
		from := len(rule.From) == 0 || slices.ContainsFunc(rule.From, func(peer networkingv1.NetworkPolicyPeer) bool {
			if peer.IPBlock != nil {
				t.Fatal("addresses are not judged here")
			}
			inNamespace := namespace == p.Namespace
			if peer.NamespaceSelector != nil {
				inNamespace = matches(t, peer.NamespaceSelector, map[string]string{"kubernetes.io/metadata.name": namespace})
			}
			return inNamespace && (peer.PodSelector == nil || matches(t, peer.PodSelector, pod))
		})
		return open && from
	})
}

func matches(t *testing.T, selector *metav1.LabelSelector, of map[string]string) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	must(t, err)
	return s.Matches(labels.Set(of))
}
