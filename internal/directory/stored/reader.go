// SPDX-License-Identifier: Apache-2.0

package stored

import (
	"context"
	"errors"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// Reader hands out what is kept, for reconcilers and the webhook alike. It decodes each version once, so that 100,000
// tokens may ask, and can be used from many goroutines.
type Reader struct {
	from client.Reader

	mu    sync.Mutex
	known map[types.NamespacedName]*memory
}

// memory is what was last read for one policy.
type memory struct {
	mu       sync.Mutex // held while reading: others wait for the result rather than read as well
	policy   types.UID
	version  string // of the index that was read last, whole or not
	snapshot *directory.Snapshot
	index    *index // that was read last; nil: it was not whole
}

// NewReader makes a Reader; from is the manager's cache.
func NewReader(from client.Reader) *Reader {
	return &Reader{from: from, known: map[types.NamespacedName]*memory{}}
}

// Of returns what is known of Jira for a policy; nil: nothing. What is damaged, gone or somebody else's is not believed:
// what was read before it goes on counting as long as the policy lets it (each time of confirmation is in it).
func (r *Reader) Of(ctx context.Context, p *v1alpha1.TokenPolicy) (*directory.Snapshot, error) {
	if p.Spec.Directory == nil {
		return nil, nil //nolint:nilnil // a nil Snapshot knows nothing
	}
	m := r.memory(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.refresh(ctx, r.from, p)
	return m.snapshot, err
}

// Intact tells whether all that is kept for a policy is there, as it was written.
func (r *Reader) Intact(ctx context.Context, p *v1alpha1.TokenPolicy) (bool, error) {
	m := r.memory(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.refresh(ctx, r.from, p); err != nil {
		return false, err
	}
	secret, err := getIndex(ctx, r.from, p)
	if _, foreign := errors.AsType[*ForeignError](err); foreign || (err == nil && secret == nil) {
		return false, nil
	}
	if err != nil || secret.ResourceVersion != m.version || m.index == nil {
		return false, err
	}
	shards, err := getShards(ctx, r.from, p, m.index.Shards) // they can't be changed, but deleted and made again
	if errors.Is(err, directory.ErrDamaged) {
		return false, nil
	}
	for i, data := range shards {
		if checksum(data) != m.index.Head.Checksums[i] {
			return false, nil
		}
	}
	return err == nil, err
}

// Forget drops what is remembered of a policy that is gone or has no directory any more.
func (r *Reader) Forget(policy types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, policy)
}

func (r *Reader) memory(p *v1alpha1.TokenPolicy) *memory {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := client.ObjectKeyFromObject(p)
	if r.known[key] == nil {
		r.known[key] = &memory{}
	}
	return r.known[key]
}

// attempts is how often the index may change between reading it and its shards.
const attempts = 5

func (m *memory) refresh(ctx context.Context, from client.Reader, p *v1alpha1.TokenPolicy) error {
	if m.policy != p.UID {
		m.policy, m.version, m.snapshot, m.index = p.UID, "", nil, nil
	}
	for range attempts {
		kept := &Kept{}
		secret, err := getIndex(ctx, from, p)
		if err == nil && secret != nil && secret.ResourceVersion != m.version {
			kept, err = load(ctx, from, p)
		}
		if _, foreign := errors.AsType[*ForeignError](err); foreign {
			return nil
		}
		if err != nil || kept.secret == nil { // there is none, or it was read before
			return err
		}
		m.version, m.index = kept.secret.ResourceVersion, nil
		if kept.whole {
			m.snapshot, m.index = kept.Snapshot, kept.index
			return nil
		}
	}
	return nil
}
