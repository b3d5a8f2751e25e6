// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

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
