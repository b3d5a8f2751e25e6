// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"net/netip"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// compileGateway compiles what a policy says of the gateway itself; nil: nothing.
func compileGateway(config *gatewayconfig.Config, in *v1alpha1.Gateway) error {
	if in == nil {
		return nil
	}
	config.MaxInFlight = in.MaxInFlight
	config.RewriteLinks = in.RewriteLinks
	if affinity := in.Affinity; affinity != nil {
		config.AffinityCookies = texts(affinity.Cookies)
	}
	config.TLS = serverTLS(in.TLS)
	config.RateLimitStore = rateLimitStore(in.RateLimitStore)
	config.ClientAddressHeader = in.ClientAddressHeader
	config.Audit = audit(in.Audit)
	config.FrontDoor = in.Placement == v1alpha1.PlacementFrontDoor
	for i, cidr := range in.TrustedProxies {
		prefix, err := netip.ParsePrefix(string(cidr))
		if err != nil {
			return fmt.Errorf("spec.gateway.trustedProxies[%d]: %q is no address range", i, cidr)
		}
		config.TrustedProxies = append(config.TrustedProxies, prefix.Masked())
	}
	if staleness := in.MaxStaleness; staleness != "" {
		parsed, err := staleness.Duration()
		if err != nil {
			return fmt.Errorf("spec.gateway.maxStaleness: %q is no length of time", staleness)
		}
		config.MaxStaleness.Duration = parsed
	}
	return nil
}

// replicas is among how many gateways a rate limit is divided: those that the policy asks for, or else those that an
// autoscaler has asked for, or the one that Kubernetes starts with.
func replicas(gateway *v1alpha1.Gateway, opts Options) int32 {
	if gateway != nil && gateway.Replicas != nil {
		return *gateway.Replicas
	}
	return max(opts.Replicas, 1)
}

func serverTLS(in *v1alpha1.GatewayTLS) *gatewayconfig.TLS {
	if in == nil {
		return nil
	}
	out := &gatewayconfig.TLS{SecretName: in.SecretName}
	if in.ClientCASecretRef != nil {
		out.ClientCA = keyRef(*in.ClientCASecretRef)
		out.ClientRequired = in.ClientAuth != v1alpha1.ClientAuthRequest
	}
	return out
}

func rateLimitStore(in *v1alpha1.RateLimitStore) *gatewayconfig.RateLimitStore {
	if in == nil {
		return nil
	}
	out := &gatewayconfig.RateLimitStore{Address: string(in.Address)}
	if in.SecretRef != nil {
		out.SecretName = in.SecretRef.Name
	}
	if in.TLS != nil {
		out.TLS = &gatewayconfig.RateLimitStoreTLS{}
		if in.TLS.CASecretRef != nil {
			out.TLS.CA = keyRef(*in.TLS.CASecretRef)
		}
	}
	return out
}

// audit leaves out what says no more than the defaults.
func audit(in *v1alpha1.GatewayAudit) *gatewayconfig.Audit {
	if in == nil {
		return nil
	}
	out := gatewayconfig.Audit{DropOnOverflow: in.OnOverflow == v1alpha1.AuditDrop}
	if in.Addresses != v1alpha1.PrecisionFull {
		out.Addresses = string(in.Addresses)
	}
	if in.UserAgents != v1alpha1.PrecisionFull {
		out.UserAgents = string(in.UserAgents)
	}
	if out == (gatewayconfig.Audit{}) {
		return nil
	}
	return &out
}
