// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	v1alpha1 "github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// secretStore finds values in the Secrets that carry the policy's label. Others do not count: the label is an
// administrator's word that this policy may use them.
type secretStore struct {
	policy   string
	secrets  []gatewayconfig.Secret
	warnings []string
}

// newSecretStore sorts by name, so that every gateway decides alike between two Secrets for one owner.
func newSecretStore(policy string, secrets []gatewayconfig.Secret) *secretStore {
	sorted := slices.SortedFunc(slices.Values(secrets), func(a, b gatewayconfig.Secret) int { return cmp.Compare(a.Name, b.Name) })
	return &secretStore{policy: policy, secrets: sorted}
}

func (s *secretStore) find(name string) (*gatewayconfig.Secret, error) {
	for i := range s.secrets {
		if s.secrets[i].Name != name {
			continue
		}
		if s.secrets[i].Labels[v1alpha1.LabelPolicy] != s.policy {
			return nil, fmt.Errorf("secret %q lacks the label %s: %s, without which this policy can't use it",
				name, v1alpha1.LabelPolicy, s.policy)
		}
		return &s.secrets[i], nil
	}
	return nil, fmt.Errorf("secret %q was not found among those with the label %s: %s; create it or add the label",
		name, v1alpha1.LabelPolicy, s.policy)
}

// value reads a key and takes off the line end that `echo` leaves.
func (s *secretStore) value(ref gatewayconfig.KeyRef) ([]byte, error) {
	secret, err := s.find(ref.Name)
	if err != nil {
		return nil, err
	}
	value := bytes.TrimSpace(secret.Data[ref.Key])
	if len(value) == 0 {
		return nil, fmt.Errorf("secret %q has no key %q, or it is empty", ref.Name, ref.Key)
	}
	return value, nil
}

// ownerTokens collects the owners' Jira tokens, the names of the Secrets that they are from, and when they expire, as far as
// that is said. What can't be used is left out with a warning.
func (s *secretStore) ownerTokens() (tokens, from map[string]string, expiry map[string]time.Time) {
	tokens, from, expiry = map[string]string{}, map[string]string{}, map[string]time.Time{}
	for i := range s.secrets {
		secret := &s.secrets[i]
		if secret.Labels[v1alpha1.LabelCredential] != v1alpha1.CredentialOwnerToken ||
			secret.Labels[v1alpha1.LabelPolicy] != s.policy {
			continue
		}
		owner := grant.FoldUser(string(bytes.TrimSpace(secret.Data["owner"])))
		pat := string(bytes.TrimSpace(secret.Data["token"]))
		switch {
		case owner == "" || pat == "":
			s.warn("secret %q is marked as an owner's token but has no keys owner and token, or one is empty", secret.Name)
		case !isHeaderText(pat):
			s.warn("secret %q: the key token has characters that no Jira token has", secret.Name)
		case from[owner] != "":
			s.warn("secrets %q and %q are both for owner %q; the first one is used", from[owner], secret.Name, owner)
		default:
			tokens[owner], from[owner] = pat, secret.Name
			at, err := jirasecret.ParseExpiry(secret.Data[jirasecret.KeyExpiresAt])
			if err != nil {
				s.warn("secret %q: the key %s %v; it is ignored", secret.Name, jirasecret.KeyExpiresAt, err)
			} else if !at.IsZero() {
				expiry[owner] = at
			}
		}
	}
	return tokens, from, expiry
}

func (s *secretStore) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

func isHeaderText(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
