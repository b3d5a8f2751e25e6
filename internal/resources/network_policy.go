// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// networkPolicy is about ingress only: where Jira and the Kubernetes API are is the cluster's own affair.
//
// The request port is open to every address: the gateway judges clients itself, and knows more of them. The admin port
// (metrics and probes; neither tokens nor hashes) is open to the pods of every namespace, since Prometheus runs in a
// namespace that only the cluster's owner knows, and closed to addresses outside. A node always reaches its own pods,
// so the kubelet's probes need no rule.
func networkPolicy(policy *v1alpha1.TokenPolicy) *networkingv1ac.NetworkPolicyApplyConfiguration {
	everyNamespace := networkingv1ac.NetworkPolicyPeer().WithNamespaceSelector(metav1ac.LabelSelector())
	return networkingv1ac.NetworkPolicy(GatewayName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithOwnerReferences(owner(policy)).
		WithSpec(networkingv1ac.NetworkPolicySpec().
			WithPodSelector(selector(policy.Name)).
			WithPolicyTypes(networkingv1.PolicyTypeIngress).
			WithIngress(
				networkingv1ac.NetworkPolicyIngressRule().WithPorts(tcp(portNameHTTP)),
				networkingv1ac.NetworkPolicyIngressRule().WithPorts(tcp(PortNameAdmin)).WithFrom(everyNamespace),
			))
}

func tcp(port string) *networkingv1ac.NetworkPolicyPortApplyConfiguration {
	return networkingv1ac.NetworkPolicyPort().WithProtocol(corev1.ProtocolTCP).WithPort(portByName(port))
}

func portByName(name string) intstr.IntOrString { return intstr.FromString(name) }
