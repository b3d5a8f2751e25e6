// SPDX-License-Identifier: Apache-2.0

package resources

import (
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
	return config, compileGateway(config, spec.Gateway)
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
