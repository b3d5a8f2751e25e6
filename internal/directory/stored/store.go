// SPDX-License-Identifier: Apache-2.0

package stored

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// Store writes what is kept. Of two that write at once one fails with a conflict.
type Store struct {
	// Client writes, and lists from a cache.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Random makes names that nobody has used.
	Random io.Reader
}

// Load reads what is kept from the API server, to be saved anew. If somebody else has the index's name, that is a
// ForeignError.
func (s *Store) Load(ctx context.Context, p *v1alpha1.TokenPolicy) (*Kept, error) {
	return load(ctx, s.Live, p)
}

// Save keeps a Snapshot with its content digest in the place of what was loaded. It writes nothing if nothing changed, and
// the index alone if only times did.
func (s *Store) Save(
	ctx context.Context, p *v1alpha1.TokenPolicy, kept *Kept, snapshot *directory.Snapshot, content string,
) error {
	head, shards, err := directory.Encode(snapshot)
	if err != nil {
		return err
	}
	next := &index{Policy: p.UID, Head: head}
	if next.Shards, err = s.putShards(ctx, p, kept, head, shards); err != nil {
		return err
	}
	if err := s.putIndex(ctx, p, kept, next, content); err != nil {
		return err
	}
	if kept.index != nil {
		old := slices.DeleteFunc(slices.Clone(kept.index.Shards), func(name string) bool { return slices.Contains(next.Shards, name) })
		s.deleteShards(ctx, p, old)
	}
	return nil
}

// putShards names a Secret for each shard: one that is kept already, or a new one.
func (s *Store) putShards(
	ctx context.Context, p *v1alpha1.TokenPolicy, kept *Kept, head *directory.Head, shards [][]byte,
) ([]string, error) {
	known := map[string]string{}
	if kept.whole {
		for i, sum := range kept.index.Head.Checksums {
			known[sum] = kept.index.Shards[i]
		}
	}
	revision := make([]byte, 5)
	if _, err := io.ReadFull(s.Random, revision); err != nil {
		return nil, fmt.Errorf("make a name: %w", err)
	}
	names := make([]string, len(shards))
	for i, shard := range shards {
		if name, ok := known[head.Checksums[i]]; ok {
			names[i] = name
			continue
		}
		names[i] = fmt.Sprintf("%s-%s-%d", IndexName(p.Name), hex.EncodeToString(revision), i)
		secret := newSecret(p, names[i], map[string][]byte{keyPeople: shard})
		secret.Immutable = new(true)
		if err := s.Client.Create(ctx, secret, client.FieldOwner(v1alpha1.ManagedBy)); err != nil {
			return nil, fmt.Errorf("create Secret %s: %w", names[i], err)
		}
	}
	return names, nil
}

func (s *Store) putIndex(ctx context.Context, p *v1alpha1.TokenPolicy, kept *Kept, next *index, content string) error {
	text, err := next.encode()
	if err != nil {
		return err
	}
	secret := newSecret(p, IndexName(p.Name), map[string][]byte{keyIndex: text, keyChecksum: []byte(checksum(text))})
	secret.Annotations = map[string]string{AnnotationContent: content}
	if kept.secret == nil {
		if err := s.Client.Create(ctx, secret, client.FieldOwner(v1alpha1.ManagedBy)); err != nil {
			return fmt.Errorf("create Secret %s: %w", secret.Name, err)
		}
		return nil
	}
	if kept.whole && bytes.Equal(kept.secret.Data[keyIndex], text) && kept.secret.Annotations[AnnotationContent] == content {
		return nil
	}
	// With the resource version of what was loaded: another manager may have written meanwhile, and deleted the shards.
	secret.ResourceVersion, secret.UID = kept.secret.ResourceVersion, kept.secret.UID
	if err := s.Client.Update(ctx, secret, client.FieldOwner(v1alpha1.ManagedBy)); err != nil {
		return fmt.Errorf("update Secret %s: %w", secret.Name, err)
	}
	return nil
}
