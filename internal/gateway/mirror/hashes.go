// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"sync"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// hashStore is where a reflector leaves hash Secrets: they go into the table and nowhere else. Its methods never return
// an error, since client-go logs an error with the whole object.
type hashStore struct {
	m       *Mirror
	contact contact
	known   atomic.Bool // the table says what the API or a snapshot said

	mu     sync.Mutex // a list from the API against one from the snapshot
	synced bool
	// refused are the names of Secrets that grant nothing because they can't be understood or claim a hash that
	// another one has.
	refused map[string]struct{}
	count   atomic.Int64 // of refused, for the metric
}

var (
	_ cache.ReflectorStore         = &hashStore{}
	_ cache.ReflectorBookmarkStore = &hashStore{}
	_ cache.TransformingStore      = &hashStore{}
)

func newHashStore(m *Mirror) *hashStore { return &hashStore{m: m, refused: map[string]struct{}{}} }

// Add takes a new hash Secret.
func (s *hashStore) Add(object any) error { return s.Update(object) }

// Update takes a changed one.
func (s *hashStore) Update(object any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, ok := s.slim(object); ok {
		s.put(secret)
	} else {
		s.remove(object)
	}
	s.changed()
	return nil
}

// Delete takes a deleted one: its credential ends.
func (s *hashStore) Delete(object any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(object)
	s.changed()
	return nil
}

// Replace takes all there are.
func (s *hashStore) Replace(objects []any, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.refused)
	builder := grant.NewBuilder()
	for _, secret := range s.oldestFirst(objects) {
		if c, ok := s.decode(secret); ok {
			s.judge(secret.Name, builder.Add(secret.Name, c))
		}
	}
	s.m.opts.Grants.Replace(builder)
	s.synced = true
	s.known.Store(true)
	s.count.Store(int64(len(s.refused)))
	s.changed()
	s.m.log.V(1).Info("hash Secrets listed", "tokens", s.m.opts.Grants.Len(), "refused", len(s.refused))
	return nil
}

// Resync has nothing to do.
func (s *hashStore) Resync() error { return nil }

// Bookmark: the API says that nothing else has happened.
func (s *hashStore) Bookmark(string) error {
	s.contact.confirm(s.m.opts.Clock.Now())
	return nil
}

// Transformer makes client-go collect what is needed of a list's Secrets, not the Secrets. What is none of ours stays as
// it is and is dropped later.
func (s *hashStore) Transformer() cache.TransformFunc {
	return func(object any) (any, error) {
		if secret, ok := s.slim(object); ok {
			return secret, nil
		}
		return object, nil
	}
}

func (s *hashStore) put(secret *hashSecret) {
	c, ok := s.decode(secret)
	if !ok {
		s.m.opts.Grants.Delete(secret.Name)
		return
	}
	s.judge(secret.Name, s.m.opts.Grants.Put(secret.Name, c))
}

// remove goes by the name alone: a Secret that is none of ours any more, because it lost its label, is gone.
func (s *hashStore) remove(object any) {
	secret, ok := object.(metav1.Object)
	if !ok || secret.GetNamespace() != s.m.opts.Namespace {
		return
	}
	s.m.opts.Grants.Delete(secret.GetName())
	s.accept(secret.GetName())
}

// decode reads a Secret's credential. The decoder's words stay out of the log: they may repeat content.
func (s *hashStore) decode(secret *hashSecret) (*grant.Credential, bool) {
	if secret.DeletionTimestamp != nil { // something holds it, but whoever deleted it meant it
		s.accept(secret.Name)
		return nil, false
	}
	c, err := grant.Decode(secret.credential)
	switch {
	case errors.Is(err, grant.ErrNewer):
		s.refuse(secret.Name, "a newer version of the operator wrote it")
	case err != nil:
		s.refuse(secret.Name, "it is damaged")
	}
	return c, err == nil
}

// judge notes what became of a credential. One whose hash another Secret has is not tried again when that Secret goes:
// whoever deletes a hash Secret means to end the token at once, and a copy must not keep it alive. Nothing that the
// manager does makes such copies. The copy's own next change, or the next list, decides anew; until then the metric
// counts it.
func (s *hashStore) judge(name string, err error) {
	switch {
	case err == nil:
		s.accept(name)
	case errors.Is(err, grant.ErrClaimed):
		s.refuse(name, "another hash Secret has the same hash; delete the one that is a copy")
	default:
		s.refuse(name, "it is damaged")
	}
}

func (s *hashStore) refuse(name, reason string) {
	s.refused[name] = struct{}{}
	s.count.Store(int64(len(s.refused)))
	s.m.log.Info("hash Secret is refused and grants nothing", "secret", name, "reason", reason)
}

func (s *hashStore) accept(name string) {
	delete(s.refused, name)
	s.count.Store(int64(len(s.refused)))
}

func (s *hashStore) changed() {
	s.contact.confirm(s.m.opts.Clock.Now())
	s.m.changes.Add(1)
}
