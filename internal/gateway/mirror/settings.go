// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror/snapshot"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
)

// settingsStore is where a reflector leaves the configuration and the Secrets that it may refer to. They are few, and
// kept. Its methods never return an error, since client-go logs an error with the whole object.
type settingsStore struct {
	m       *Mirror
	contact contact
	wake    chan struct{} // has room for one: changes that come while one is worked on are taken together
	current atomic.Pointer[settings]

	mu      sync.Mutex // for the fields below
	config  []byte     // nil: there is no configuration Secret
	secrets map[string]gatewayconfig.Secret

	applying sync.Mutex
}

// settings are the last ones that could be used.
type settings struct {
	config  *gatewayconfig.Config
	raw     []byte
	secrets []gatewayconfig.Secret

	incomplete bool
	good       *settings // if they are incomplete: the last ones that were not, whose parts may still be in use
}

func (s *settings) lastGood() *settings {
	if s == nil || !s.incomplete {
		return s
	}
	return s.good
}

// state is what a snapshot keeps of them.
func (s *settings) state() *snapshot.State {
	if s == nil {
		return nil
	}
	return &snapshot.State{Config: s.raw, Secrets: s.secrets}
}

var (
	_ cache.ReflectorStore         = &settingsStore{}
	_ cache.ReflectorBookmarkStore = &settingsStore{}
)

func newSettingsStore(m *Mirror) *settingsStore {
	return &settingsStore{m: m, wake: make(chan struct{}, 1), secrets: map[string]gatewayconfig.Secret{}}
}

// Add takes a new Secret.
func (s *settingsStore) Add(object any) error { return s.Update(object) }

// Update takes a changed one.
func (s *settingsStore) Update(object any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, ok := s.ours(object); ok {
		s.put(secret)
	}
	s.changed()
	return nil
}

// Delete takes a deleted one.
func (s *settingsStore) Delete(object any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, ok := s.ours(object); ok {
		s.remove(secret)
	}
	s.changed()
	return nil
}

// Replace takes all there are.
func (s *settingsStore) Replace(objects []any, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config, s.secrets = nil, map[string]gatewayconfig.Secret{}
	for _, object := range objects {
		if secret, ok := s.ours(object); ok {
			s.put(secret)
		}
	}
	s.changed()
	return nil
}

// Resync has nothing to do.
func (s *settingsStore) Resync() error { return nil }

// Bookmark: the API says that nothing else has happened.
func (s *settingsStore) Bookmark(string) error {
	s.contact.confirm(s.m.opts.Clock.Now())
	return nil
}

// ours repeats what the API was asked for.
func (s *settingsStore) ours(object any) (*corev1.Secret, bool) {
	secret, ok := object.(*corev1.Secret)
	return secret, ok && secret.Namespace == s.m.opts.Namespace &&
		secret.Type != v1alpha1.SecretTypeTokenHash && secret.Type != v1alpha1.SecretTypeDirectory &&
		secret.Labels[v1alpha1.LabelPolicy] == s.m.opts.Policy
}

// put keeps a Secret. Only the one of the right name and type is the configuration: another of that type is nothing,
// and one of that name and another type is a Secret like others.
func (s *settingsStore) put(secret *corev1.Secret) {
	if secret.DeletionTimestamp != nil {
		s.remove(secret)
		return
	}
	if secret.Type == v1alpha1.SecretTypeGatewayConfig {
		if secret.Name == s.m.opts.ConfigName {
			s.config = secret.Data[gatewayconfig.DataKey]
		}
		return
	}
	s.secrets[secret.Name] = gatewayconfig.Secret{Name: secret.Name, Labels: secret.Labels, Data: secret.Data}
}

func (s *settingsStore) remove(secret *corev1.Secret) {
	delete(s.secrets, secret.Name)
	if secret.Name == s.m.opts.ConfigName {
		s.config = nil
	}
}

func (s *settingsStore) changed() {
	s.contact.confirm(s.m.opts.Clock.Now())
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run applies changes until the context ends.
func (s *settingsStore) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			raw, secrets := s.collect()
			s.apply(raw, secrets)
		}
	}
}

func (s *settingsStore) collect() ([]byte, []gatewayconfig.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config, slices.Collect(maps.Values(s.secrets))
}
