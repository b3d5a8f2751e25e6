// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// slot is one hash Secret of a token: the numbered place of one credential.
type slot struct {
	number int
	secret *corev1.Secret
	// credential is nil if the Secret can't be decoded or names another token; then it grants nothing.
	credential *grant.Credential
	notes      grant.Notes
	// newer: a newer version of the operator wrote it. It must be left alone, or a roll-back would re-issue every token.
	newer bool
}

// mostNamed bounds the numbers of slots that annotations name. Whoever may change an ApiToken or its Secret can write any
// number there; the next slot comes after it, and must have a number of its own.
const mostNamed = 1 << 30

func slotName(uid types.UID, number int) string { return fmt.Sprintf("%s-%d", uid, number) }

// slotNumber reads what slotName writes.
func slotNumber(name string, uid types.UID) (number int, ok bool) {
	suffix, ok := strings.CutPrefix(name, string(uid)+"-")
	parsed, err := strconv.ParseUint(suffix, 10, 31)
	return int(parsed), ok && err == nil
}

// slotWith is the slot that has a hash and was not replaced.
func slotWith(slots []slot, hash token.Hash) (slot, bool) {
	s, ok := slotOf(slots, hash)
	return s, ok && s.credential.RetireAt == nil
}

// slotOf is the first slot that has a hash, replaced or not: a token that was replaced may be declared by its hash. There must
// be no other with it.
func slotOf(slots []slot, hash token.Hash) (slot, bool) {
	for _, s := range slots {
		if s.credential != nil && s.credential.Hash == hash {
			return s, true
		}
	}
	return slot{}, false
}

// parseSlot reads a hash Secret as a slot of the token; ok is false if it is none.
func parseSlot(secret *corev1.Secret, uid types.UID) (slot, bool) {
	number, ok := slotNumber(secret.Name, uid)
	if !ok || secret.Type != v1alpha1.SecretTypeTokenHash {
		return slot{}, false
	}
	s := slot{number: number, secret: secret}
	c, err := grant.Decode(secret.Data[grant.DataKey])
	if err == nil && c.Token.UID == uid {
		s.credential, s.notes = c, grant.DecodeNotes(secret.Data[grant.NotesKey])
	}
	s.newer = errors.Is(err, grant.ErrNewer)
	return s, true
}

// cachedSlots lists the token's slots as the cache has them, the oldest first.
func (r *Reconciler) cachedSlots(ctx context.Context, t *v1alpha1.ApiToken, options ...client.ListOption) ([]slot, error) {
	var list corev1.SecretList
	err := r.Client.List(ctx, &list, append(options, client.InNamespace(t.Spec.PolicyRef.Namespace),
		client.MatchingFields{secretByTokenUID: string(t.UID)})...)
	if err != nil {
		return nil, fmt.Errorf("list hash Secrets: %w", err)
	}
	var slots []slot
	for i := range list.Items {
		if s, ok := parseSlot(&list.Items[i], t.UID); ok {
			slots = append(slots, s)
		}
	}
	slices.SortFunc(slots, byNumber)
	return slots, nil
}

func byNumber(a, b slot) int { return a.number - b.number }

func nextNumber(slots []slot) int {
	if len(slots) == 0 {
		return 0
	}
	return slots[len(slots)-1].number + 1
}

// deleteSlot revokes a credential. The preconditions see to it that exactly what was read is deleted.
func (r *Reconciler) deleteSlot(ctx context.Context, secret *corev1.Secret, pre client.Preconditions) error {
	if err := r.Client.Delete(ctx, secret, pre); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete hash Secret %s: %w", client.ObjectKeyFromObject(secret), err)
	}
	return nil
}

// exactly asks that an object is the one that was read, unchanged.
func exactly(o client.Object) client.Preconditions {
	uid, version := o.GetUID(), o.GetResourceVersion()
	return client.Preconditions{UID: &uid, ResourceVersion: &version}
}

// sameObject asks that an object is the one that was read, changed or not.
func sameObject(o client.Object) client.Preconditions {
	uid := o.GetUID()
	return client.Preconditions{UID: &uid}
}
