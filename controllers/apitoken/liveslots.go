// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// liveSlots reads the token's slots from the API server: those that the cache knows, the one that the token Secret
// names or the ApiToken says of its declared hash, any that were added behind them, and those that one of these took the place
// of. Slots are numbered upwards, so a writer that the cache has not seen yet has used such a number, or the next.
func (r *Reconciler) liveSlots(ctx context.Context, t *v1alpha1.ApiToken, cached []slot) ([]slot, error) {
	secret, err := r.liveTokenSecret(ctx, t)
	if err != nil {
		return nil, err
	}
	named := []int{namedSlot(secret), acceptanceOf(t).slot}
	slices.Sort(named)
	next := nextNumber(cached)
	numbers := make([]int, 0, len(cached)+1)
	for _, known := range cached {
		numbers = append(numbers, known.number)
	}
	for _, number := range named {
		if number >= next {
			numbers, next = append(numbers, number), number+1
		}
	}
	found := slotReader{Reconciler: r, token: t, read: map[int]bool{}}
	for _, number := range numbers {
		if _, err := found.look(ctx, number); err != nil {
			return nil, err
		}
	}
	for more := true; more; next++ {
		if more, err = found.look(ctx, next); err != nil {
			return nil, err
		}
	}
	if err := found.lookAtReplaced(ctx); err != nil {
		return nil, err
	}
	slices.SortFunc(found.slots, byNumber)
	return found.slots, nil
}

// slotReader reads a token's slots from the API server, each once.
type slotReader struct {
	*Reconciler

	token *v1alpha1.ApiToken
	slots []slot
	read  map[int]bool
}

func (s *slotReader) look(ctx context.Context, number int) (found bool, err error) {
	if s.read[number] {
		return true, nil
	}
	s.read[number] = true
	one, err := s.liveSlot(ctx, s.token, number)
	if one != nil {
		s.slots = append(s.slots, *one)
	}
	return one != nil, err
}

// lookAtReplaced reads those that the ones which were read took the place of.
func (s *slotReader) lookAtReplaced(ctx context.Context) error {
	for i := 0; i < len(s.slots); i++ { // there may come more
		if s.slots[i].notes.Succession == nil {
			continue
		}
		for _, number := range s.slots[i].notes.Succession.Slots {
			if _, err := s.look(ctx, number); err != nil {
				return err
			}
		}
	}
	return nil
}

// namedSlot is the number of the slot that a token Secret was written for; -1 if it does not say.
func namedSlot(secret *corev1.Secret) int {
	if secret == nil {
		return -1
	}
	number, err := strconv.ParseUint(secret.Annotations[annotationSlot], 10, 31)
	if err != nil || number > mostNamed {
		return -1
	}
	return int(number)
}

func (r *Reconciler) liveSlot(ctx context.Context, t *v1alpha1.ApiToken, number int) (*slot, error) {
	var secret corev1.Secret
	key := types.NamespacedName{Namespace: string(t.Spec.PolicyRef.Namespace), Name: slotName(t.UID, number)}
	if err := r.Live.Get(ctx, key, &secret); err != nil {
		if apierrors.IsNotFound(err) || r.unlessEnding(ctx, t, key.Namespace, err) == nil {
			return nil, nil //nolint:nilnil // an empty slot is a result, not an error
		}
		return nil, fmt.Errorf("read hash Secret %s: %w", key, err)
	}
	s, ok := parseSlot(&secret, t.UID)
	if !ok {
		return nil, fmt.Errorf("secret %s has the type %s where %s is needed: delete it",
			key, secret.Type, v1alpha1.SecretTypeTokenHash)
	}
	return &s, nil
}
