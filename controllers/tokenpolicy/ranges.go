// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// sourceRanges says whether source ranges can do what they are for; nil: nothing of the policy has any.
func (r *Reconciler) sourceRanges(ctx context.Context, p *v1alpha1.TokenPolicy) (*metav1.Condition, error) {
	user := rangesInPolicy(p)
	if user == "" {
		var err error
		if user, err = r.tokenWithRanges(ctx, p); user == "" || err != nil {
			return nil, err
		}
	}
	var service corev1.Service
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: resources.GatewayName(p.Name)}, &service)
	if err != nil || !metav1.IsControlledBy(&service, p) {
		return nil, client.IgnoreNotFound(err)
	}
	return judgeRanges(p, &service, user), nil
}

// rangesInPolicy names the first part of a policy that asks for addresses.
func rangesInPolicy(p *v1alpha1.TokenPolicy) string {
	for i := range p.Spec.Rules {
		if len(p.Spec.Rules[i].Limits.SourceRanges) > 0 {
			return fmt.Sprintf("rule %q", p.Spec.Rules[i].Name)
		}
	}
	if personal := p.Spec.PersonalCredentials; personal != nil {
		for i := range personal.Exempt {
			if len(personal.Exempt[i].SourceRanges) > 0 {
				return fmt.Sprintf("spec.personalCredentials.exempt[%d]", i)
			}
		}
	}
	return ""
}

func (r *Reconciler) tokenWithRanges(ctx context.Context, p *v1alpha1.TokenPolicy) (string, error) {
	var list v1alpha1.ApiTokenList
	err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy,
		client.MatchingFields{index.ApiTokenByPolicyNamespace: p.Namespace})
	if err != nil {
		return "", fmt.Errorf("list ApiTokens: %w", err)
	}
	for i := range list.Items {
		token := &list.Items[i]
		if len(token.Spec.SourceRanges) > 0 && token.Spec.PolicyRef.Name == p.Name {
			return "an ApiToken", nil // not which one: the condition would change with every token that comes and goes
		}
	}
	return "", nil
}

// judgeRanges is pure. It knows what the gateway's Service does to addresses, and not what stands in front of that: so it
// warns where addresses are known to be lost, and asks where they may be.
func judgeRanges(p *v1alpha1.TokenPolicy, service *corev1.Service, user string) *metav1.Condition {
	set := func(status metav1.ConditionStatus, reason, message string) *metav1.Condition {
		return &metav1.Condition{
			Type: v1alpha1.ConditionSourceRangesEffective, Status: status, ObservedGeneration: p.Generation,
			Reason: reason, Message: user + " has source ranges; " + message,
		}
	}
	spec := &service.Spec
	fromOutside := len(spec.ExternalIPs) > 0 ||
		spec.Type == corev1.ServiceTypeNodePort || spec.Type == corev1.ServiceTypeLoadBalancer
	proxies := p.Spec.Gateway != nil && len(p.Spec.Gateway.TrustedProxies) > 0
	switch {
	case fromOutside && spec.ExternalTrafficPolicy != corev1.ServiceExternalTrafficPolicyLocal:
		return set(metav1.ConditionFalse, v1alpha1.ReasonSourceNAT, fmt.Sprintf("nodes pass connections to the Service %s on under "+
			"their own addresses (its externalTrafficPolicy is not Local), so that ranges judge nodes, not clients: let its "+
			"externalTrafficPolicy be Local, as the operator asks for, and take spec.externalIPs off it", service.Name))
	case proxies:
		return set(metav1.ConditionTrue, v1alpha1.ReasonTrustedProxies, "clients' addresses come from spec.gateway.trustedProxies")
	case fromOutside:
		return set(metav1.ConditionTrue, v1alpha1.ReasonAddressKept, fmt.Sprintf("the Service %s keeps clients' addresses "+
			"(externalTrafficPolicy Local); if a load balancer with an address of its own stands in front of it, name that in "+
			"spec.gateway.trustedProxies", service.Name))
	default:
		return set(metav1.ConditionUnknown, v1alpha1.ReasonNoTrustedProxies, "whoever comes through an Ingress or another proxy has "+
			"that proxy's address for the gateway: name the proxies' addresses in spec.gateway.trustedProxies; clients within the "+
			"cluster that call the Service directly are judged by their own")
	}
}
