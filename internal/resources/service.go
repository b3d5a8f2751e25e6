// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// service is what clients, or the ingress in front of them, connect to.
func service(policy *v1alpha1.TokenPolicy) *corev1ac.ServiceApplyConfiguration {
	wanted, protocol := serviceSettings(policy), portNameHTTP
	if servesTLS(policy) {
		protocol = portNameHTTPS
	}
	port := corev1ac.ServicePort().
		WithName(protocol).
		WithProtocol(corev1.ProtocolTCP).
		WithPort(wanted.Port).
		// One port of the container's for both: pods that run already go on being found while TLS is turned on or off.
		WithTargetPort(portByName(portNameHTTP)).
		WithAppProtocol(protocol)
	spec := corev1ac.ServiceSpec().WithType(wanted.Type).WithSelector(PodLabels(policy.Name))
	if wanted.Type != corev1.ServiceTypeClusterIP {
		// With the policy Cluster a node may pass a connection on under its own address, and source ranges would
		// judge the node.
		spec.WithExternalTrafficPolicy(corev1.ServiceExternalTrafficPolicyLocal)
		if wanted.NodePort != nil {
			port.WithNodePort(*wanted.NodePort)
		}
	}
	return corev1ac.Service(GatewayName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithAnnotations(wanted.Annotations).
		WithOwnerReferences(owner(policy)).
		WithSpec(spec.WithPorts(port))
}

// serviceSettings fills in and repeats the schema's defaults: a policy without a gateway or service field never gets them.
func serviceSettings(policy *v1alpha1.TokenPolicy) v1alpha1.GatewayService {
	var out v1alpha1.GatewayService
	if gateway := policy.Spec.Gateway; gateway != nil && gateway.Service != nil {
		out = *gateway.Service
	}
	if out.Type == "" {
		out.Type = corev1.ServiceTypeClusterIP
	}
	switch {
	case out.Port != 0:
	case servesTLS(policy):
		out.Port = 443
	default:
		out.Port = 80
	}
	return out
}

func servesTLS(policy *v1alpha1.TokenPolicy) bool {
	return policy.Spec.Gateway != nil && policy.Spec.Gateway.TLS != nil
}
