// SPDX-License-Identifier: Apache-2.0

// Package stampkeys keeps the keys that stamps are signed with, in a Secret of the manager's namespace. Every replica of
// the manager makes the Secret if it is missing and adds a key in time; whoever comes second finds it done.
package stampkeys

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/ownobjects"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// SecretName is the name of the Secret.
const SecretName = "jira-token-operator-stamp-keys"

// Store reads the keys. It is safe for concurrent use.
type Store struct {
	reader    client.Reader
	namespace string

	mu     sync.Mutex
	secret types.UID // that ring was read of, and its version
	state  string
	ring   *stamp.Ring
}

// NewStore makes a store that reads from a cache which has the Secrets of the manager's namespace.
func NewStore(reader client.Reader, namespace string) *Store {
	return &Store{reader: reader, namespace: namespace}
}

// Ring is the present keys; there is at least one.
func (s *Store) Ring(ctx context.Context) (*stamp.Ring, error) {
	key := types.NamespacedName{Namespace: s.namespace, Name: SecretName}
	secret, err := ownobjects.GetSecret(ctx, s.reader, key, v1alpha1.SecretTypeStampKeys)
	if err != nil {
		return nil, fmt.Errorf("read the keys for stamps: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ring != nil && secret.UID == s.secret && secret.ResourceVersion == s.state {
		return s.ring, nil
	}
	ring, err := stamp.ParseRing(secret.Data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the keys for stamps in Secret %s: %w", key, err)
	case ring.Len() == 0:
		return nil, errors.New("there is no key for stamps yet")
	}
	s.secret, s.state, s.ring = secret.UID, secret.ResourceVersion, ring
	return ring, nil
}

// Ready is a readiness check: whether there are keys.
func (s *Store) Ready(request *http.Request) error {
	_, err := s.Ring(request.Context())
	return err
}
