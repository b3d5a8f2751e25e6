// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"time"

	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jira"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

func (s *Settings) compileImpersonation(store *secretStore, cfg *gatewayconfig.Config) (err error) {
	switch how := &cfg.Impersonation; {
	case how.OwnerTokens != nil:
		var tokens map[string]string
		tokens, s.identitySecrets.byOwner, s.identitySecrets.expiry = store.ownerTokens()
		s.impersonator, err = impersonate.NewOwnerTokens(tokens, cfg.Policy.Namespace, cfg.Policy.Name)
	case how.OAuth != nil:
		s.identitySecrets.shared = how.OAuth.PrivateKey.Name
		s.impersonator, err = compileOAuth(store, how.OAuth, cfg.Jira.BaseURL)
	case how.Header != nil:
		if how.Header.Secret != nil {
			s.identitySecrets.shared = how.Header.Secret.Name
		}
		s.identityHeaders = []string{foldHeader(how.Header.Name), foldHeader(how.Header.SecretHeader)}
		s.impersonator, err = compileHeader(store, how.Header)
	case how.ServiceAccount != nil && how.ServiceAccount.OAuth2 != nil:
		s.identitySecrets.shared = how.ServiceAccount.OAuth2.SecretName
		err = s.compileAccessTokens(store, how.ServiceAccount, cfg.Jira.URL)
	case how.ServiceAccount != nil:
		s.identitySecrets.shared = how.ServiceAccount.SecretName
		s.impersonator, err = compileServiceAccount(store, how.ServiceAccount)
	default:
		err = fmt.Errorf("the configuration names no way of impersonation")
	}
	if err != nil {
		s.impersonator = nil // not a nil pointer in an interface
	}
	return err
}

// identitySecrets are the names of the Secrets that hold what the gateway shows Jira, for the log.
type identitySecrets struct {
	byOwner map[string]string // folded owners
	shared  string
	// expiry is when Jira ends owners' tokens, where the Secrets say so.
	expiry map[string]time.Time
}

// expired tells when the owner's Jira token ended; zero: it has not, or nobody said. Jira decides that, so nothing is kept
// back for it.
func (n *identitySecrets) expired(owner string, now time.Time) time.Time {
	if at := n.expiry[grant.FoldUser(owner)]; !at.IsZero() && !now.Before(at) {
		return at
	}
	return time.Time{}
}

func (n *identitySecrets) of(owner string) string {
	if name, ok := n.byOwner[grant.FoldUser(owner)]; ok {
		return name
	}
	return n.shared
}

func compileOAuth(store *secretStore, o *gatewayconfig.OAuth, baseURL string) (*impersonate.OAuth, error) {
	text, err := store.value(o.PrivateKey)
	if err != nil {
		return nil, err
	}
	key, err := jirasecret.ParseRSAKey(text)
	if err != nil {
		return nil, fmt.Errorf("secret %q: key %q %w", o.PrivateKey.Name, o.PrivateKey.Key, err)
	}
	return impersonate.NewOAuth(impersonate.Consumer{
		Key: o.ConsumerKey, PrivateKey: key, SignatureMethod: o.SignatureMethod,
	}, baseURL, clock.RealClock{})
}

func compileHeader(store *secretStore, h *gatewayconfig.Header) (*impersonate.Header, error) {
	secret := ""
	if h.Secret != nil {
		value, err := store.value(*h.Secret)
		if err != nil {
			return nil, err
		}
		secret = string(value)
	}
	made, err := impersonate.NewHeader(h.Name, h.SecretHeader, secret)
	if err != nil && h.Secret != nil {
		return nil, fmt.Errorf("impersonation by header with secret %q, key %q: %w", h.Secret.Name, h.Secret.Key, err)
	}
	return made, err
}

func (s *Settings) compileAccessTokens(store *secretStore, account *gatewayconfig.ServiceAccount, address string) error {
	secret, err := store.find(account.OAuth2.SecretName)
	if err != nil {
		return err
	}
	id, value, err := jirasecret.ParseClientCredentials(secret.Data)
	if err != nil {
		return fmt.Errorf("secret %q: %w", secret.Name, err)
	}
	s.accessTokens = newAccessTokenSource(&tokenRequest{
		username: account.Username, address: address, host: s.host,
		credentials: jira.ClientCredentials{ID: id, Secret: value, Scope: account.OAuth2.Scope},
	})
	s.impersonator = impersonate.NewServiceAccountOAuth2(account.Username, s.accessTokens)
	return nil
}

func compileServiceAccount(store *secretStore, account *gatewayconfig.ServiceAccount) (*impersonate.ServiceAccount, error) {
	value, err := store.value(gatewayconfig.KeyRef{Name: account.SecretName, Key: "token"})
	if err == nil {
		return impersonate.NewServiceAccountToken(account.Username, string(value))
	}
	if _, missing := store.find(account.SecretName); missing != nil {
		return nil, missing
	}
	value, err = store.value(gatewayconfig.KeyRef{Name: account.SecretName, Key: "password"})
	if err != nil {
		return nil, fmt.Errorf("secret %q needs the key token (a Jira personal access token) or the key password",
			account.SecretName)
	}
	return impersonate.NewServiceAccountPassword(account.Username, string(value))
}
