// SPDX-License-Identifier: Apache-2.0

package stored

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
)

// Kept is what is kept for a policy.
type Kept struct {
	// Snapshot is what was read of Jira; nil: nothing that can be believed.
	Snapshot *directory.Snapshot
	// Damage says why there is something that is not believed; nil: there is none.
	Damage error

	secret *corev1.Secret // the index; nil: there is none
	index  *index         // nil: there is none that can be read
	whole  bool           // the shards that the index names are as they should be
}

// ForeignError says that the name of the index Secret is taken.
type ForeignError struct{ Name string }

// Error names the Secret.
func (e *ForeignError) Error() string {
	return fmt.Sprintf("Secret %s is in the way: what is read of Jira is kept in a Secret of that name, and this one does not "+
		"belong to the policy; delete or rename it", e.Name)
}

// load reads what is kept. A name that somebody else has is a ForeignError.
func load(ctx context.Context, from client.Reader, p *v1alpha1.TokenPolicy) (*Kept, error) {
	secret, err := getIndex(ctx, from, p)
	if err != nil || secret == nil {
		return &Kept{}, err
	}
	kept := &Kept{secret: secret}
	if kept.index, kept.Damage = decodeIndex(p, secret); kept.Damage != nil {
		return kept, nil //nolint:nilerr // it is told of, and what can be written in its place is known
	}
	shards, err := getShards(ctx, from, p, kept.index.Shards)
	if err == nil {
		kept.Snapshot, err = directory.Decode(kept.index.Head, shards)
	}
	if errors.Is(err, directory.ErrDamaged) {
		kept.Damage = err
		return kept, nil
	}
	kept.whole = err == nil
	return kept, err
}

// getIndex reads the index Secret; nil: there is none. It must not be changed.
func getIndex(ctx context.Context, from client.Reader, p *v1alpha1.TokenPolicy) (*corev1.Secret, error) {
	var secret corev1.Secret
	key := client.ObjectKey{Namespace: p.Namespace, Name: IndexName(p.Name)}
	err := from.Get(ctx, key, &secret, client.UnsafeDisableDeepCopy)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil //nolint:nilnil // nothing is a result
	case err != nil:
		return nil, fmt.Errorf("get Secret %s: %w", key.Name, err)
	case !isOf(p, &secret):
		return nil, &ForeignError{Name: secret.Name}
	}
	return &secret, nil
}

func getShards(ctx context.Context, from client.Reader, p *v1alpha1.TokenPolicy, names []string) ([][]byte, error) {
	shards := make([][]byte, len(names))
	for i, name := range names {
		var secret corev1.Secret
		err := from.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: name}, &secret, client.UnsafeDisableDeepCopy)
		switch {
		case apierrors.IsNotFound(err):
			return nil, fmt.Errorf("%w (a shard is missing)", directory.ErrDamaged)
		case err != nil:
			return nil, fmt.Errorf("get Secret %s: %w", name, err)
		case !isOf(p, &secret), !isLabelled(p, &secret):
			return nil, fmt.Errorf("%w (a shard is somebody else's)", directory.ErrDamaged)
		}
		shards[i] = secret.Data[keyPeople]
	}
	return shards, nil
}
