// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"fmt"
	"net/netip"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

const defaultMaxStaleness = 24 * time.Hour

// configSecret holds the compiled configuration that the gateway follows while it runs. It is a Secret because the
// gateway may read nothing else.
func configSecret(policy *v1alpha1.TokenPolicy, opts Options) (*corev1ac.SecretApplyConfiguration, error) {
	config, err := compileConfig(policy, opts)
	if err != nil {
		return nil, err
	}
	data, err := gatewayconfig.Encode(config)
	if err != nil {
		return nil, err
	}
	return corev1ac.Secret(ConfigName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithLabels(map[string]string{v1alpha1.LabelPolicy: policy.Name}).
		WithOwnerReferences(owner(policy)).
		WithType(v1alpha1.SecretTypeGatewayConfig).
		WithData(map[string][]byte{gatewayconfig.DataKey: data}), nil
}

// compileConfig compiles a policy for its gateway. An error names the field that the schema let through and can't be used.
func compileConfig(policy *v1alpha1.TokenPolicy, opts Options) (*gatewayconfig.Config, error) {
	spec := &policy.Spec
	config := &gatewayconfig.Config{
		Policy: gatewayconfig.Policy{
			Namespace: policy.Namespace, Name: policy.Name, UID: policy.UID, Generation: policy.Generation,
		},
		Jira:          jira(&spec.Jira),
		Impersonation: impersonation(&spec.Impersonation),
		Deny:          deny(spec.Deny, spec.RevokeIssuedBefore),
		MaxStaleness:  metav1.Duration{Duration: defaultMaxStaleness},
		Replicas:      replicas(spec.Gateway, opts),
		Activity:      activityConfig(policy, opts),

		PerTokenMetrics: spec.Monitoring != nil && spec.Monitoring.PerTokenMetrics,
	}
	if err := compileScopes(config, spec.Scopes); err != nil {
		return nil, err
	}
	var err error
	if config.Personal, err = personal(spec.PersonalCredentials); err != nil {
		return nil, err
	}
	if spec.Gateway == nil {
		return config, nil
	}
	config.MaxInFlight = spec.Gateway.MaxInFlight
	config.RewriteLinks = spec.Gateway.RewriteLinks
	if affinity := spec.Gateway.Affinity; affinity != nil {
		config.AffinityCookies = texts(affinity.Cookies)
	}
	config.TLS = serverTLS(spec.Gateway.TLS)
	config.RateLimitStore = rateLimitStore(spec.Gateway.RateLimitStore)
	config.ClientAddressHeader = spec.Gateway.ClientAddressHeader
	config.Audit = audit(spec.Gateway.Audit)
	config.FrontDoor = spec.Gateway.Placement == v1alpha1.PlacementFrontDoor
	for i, cidr := range spec.Gateway.TrustedProxies {
		prefix, err := netip.ParsePrefix(string(cidr))
		if err != nil {
			return nil, fmt.Errorf("spec.gateway.trustedProxies[%d]: %q is no address range", i, cidr)
		}
		config.TrustedProxies = append(config.TrustedProxies, prefix.Masked())
	}
	if staleness := spec.Gateway.MaxStaleness; staleness != "" {
		parsed, err := staleness.Duration()
		if err != nil {
			return nil, fmt.Errorf("spec.gateway.maxStaleness: %q is no length of time", staleness)
		}
		config.MaxStaleness.Duration = parsed
	}
	return config, nil
}

// replicas is among how many gateways a rate limit is divided: those that the policy asks for, or else those that an
// autoscaler has asked for, or the one that Kubernetes starts with.
func replicas(gateway *v1alpha1.Gateway, opts Options) int32 {
	if gateway != nil && gateway.Replicas != nil {
		return *gateway.Replicas
	}
	return max(opts.Replicas, 1)
}

func jira(in *v1alpha1.JiraEndpoint) gatewayconfig.Jira {
	out := gatewayconfig.Jira{URL: string(in.URL), BaseURL: string(in.BaseURL), PublicURL: string(in.PublicURL)}
	if out.BaseURL == "" {
		out.BaseURL = out.PublicURL
	}
	if in.CABundle != nil {
		out.CABundle = keyRef(in.CABundle.SecretRef)
	}
	if in.ClientCertificateSecretRef != nil {
		out.ClientCertificate = in.ClientCertificateSecretRef.Name
	}
	return out
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

func impersonation(in *v1alpha1.Impersonation) gatewayconfig.Impersonation {
	var out gatewayconfig.Impersonation
	if in.OwnerTokens != nil {
		out.OwnerTokens = &gatewayconfig.OwnerTokens{}
	}
	if in.OAuth != nil {
		out.OAuth = &gatewayconfig.OAuth{
			ConsumerKey: in.OAuth.ConsumerKey, PrivateKey: *keyRef(in.OAuth.PrivateKeySecretRef),
			SignatureMethod: string(in.OAuth.SignatureMethod),
		}
	}
	if in.Header != nil {
		out.Header = &gatewayconfig.Header{Name: string(in.Header.Name)}
		if shared := in.Header.SharedSecret; shared != nil {
			out.Header.SecretHeader = string(shared.Header)
			out.Header.Secret = keyRef(shared.SecretRef)
		}
	}
	if account := in.ServiceAccount; account != nil {
		out.ServiceAccount = &gatewayconfig.ServiceAccount{Username: string(account.Username)}
		if account.SecretRef != nil {
			out.ServiceAccount.SecretName = account.SecretRef.Name
		}
		if account.OAuth2 != nil {
			out.ServiceAccount.OAuth2 = &gatewayconfig.OAuth2{
				SecretName: account.OAuth2.SecretRef.Name, Scope: string(account.OAuth2.Scope),
			}
		}
	}
	return out
}

func deny(in *v1alpha1.Deny, issuedBefore *metav1.Time) gatewayconfig.Deny {
	if in == nil {
		in = &v1alpha1.Deny{}
	}
	return gatewayconfig.Deny{
		Owners: texts(in.Owners), Namespaces: texts(in.Namespaces), Tokens: texts(in.Tokens), IssuedBefore: issuedBefore,
	}
}

func texts[T ~string](in []T) []string {
	if len(in) == 0 {
		return nil
	}
	out := make([]string, 0, len(in))
	for _, s := range in {
		out = append(out, string(s))
	}
	return out
}

func keyRef(ref v1alpha1.SecretKeyReference) *gatewayconfig.KeyRef {
	return &gatewayconfig.KeyRef{Name: ref.Name, Key: ref.Key}
}
