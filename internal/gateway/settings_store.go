// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"reflect"

	"github.com/jiratokens/jira-token-operator/internal/gateway/ratelimit/store"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// rateStore is the server that all replicas count in.
type rateStore struct {
	wanted gatewayconfig.RateLimitStore
	target *store.Target // nil: a Secret for it is missing or can't be used
	used   *store.Store  // nil: each replica counts its share
}

// compileStore reads what is needed to reach the store. Without it the replicas count by themselves: limits are kept
// all the same, so that nobody is refused for a missing Secret.
func (s *Settings) compileStore(secrets *secretStore, cfg *gatewayconfig.Config) error {
	wanted := cfg.RateLimitStore
	if wanted == nil {
		return nil
	}
	s.store = &rateStore{wanted: *wanted}
	target := store.Target{Address: wanted.Address, Prefix: "jiratokens:" + string(cfg.Policy.UID) + ":"}
	if wanted.SecretName != "" {
		password, err := secrets.value(gatewayconfig.KeyRef{Name: wanted.SecretName, Key: "password"})
		if err != nil {
			return err
		}
		target.Password = string(password)
		if secret, err := secrets.find(wanted.SecretName); err == nil && len(secret.Data["username"]) > 0 {
			username, err := secrets.value(gatewayconfig.KeyRef{Name: wanted.SecretName, Key: "username"})
			if err != nil {
				return err
			}
			target.Username = string(username)
		}
	}
	if target.TLS = wanted.TLS != nil; target.TLS && wanted.TLS.CA != nil {
		bundle, err := secrets.value(*wanted.TLS.CA)
		if err != nil {
			return err
		}
		if _, err := jirasecret.ParseCertificates(bundle); err != nil {
			return fmt.Errorf("secret %q: key %q %w", wanted.TLS.CA.Name, wanted.TLS.CA.Key, err)
		}
		target.CABundle = string(bundle)
	}
	s.store.target = &target
	return nil
}

// keep takes what can't be read any more from the settings before, if the same is meant.
func (r *rateStore) keep(before *rateStore) {
	if r != nil && before != nil && r.target == nil && reflect.DeepEqual(r.wanted, before.wanted) {
		r.target = before.target
	}
}

// adoptStore keeps the connections of the settings before, if they lead to the same store by the same name. It returns
// the store that is no longer needed.
func (h *Handler) adoptStore(s, before *Settings) (unused *store.Store) {
	var old *rateStore
	if before != nil {
		old = before.store
	}
	switch mine := s.store; {
	case mine == nil || mine.used != nil || mine.target == nil:
	case old != nil && old.used != nil && *old.target == *mine.target:
		mine.used = old.used
	default:
		mine.used = store.New(*mine.target, store.Options{
			Log: h.log, Timeout: h.storeTime,
			Observe:   func(o store.Outcome) { h.metrics.rateStore.WithLabelValues(string(o)).Inc() },
			Available: h.metrics.setStoreAvailable,
		})
	}
	if s.store == nil || s.store.used == nil {
		h.metrics.setStoreAvailable(s.store == nil)
	}
	if old != nil && old.used != nil && (s.store == nil || s.store.used != old.used) {
		return old.used
	}
	return nil
}

// countIn is the store to count in, or nil.
func (s *Settings) countIn() *store.Store {
	if s.store == nil {
		return nil
	}
	return s.store.used
}
