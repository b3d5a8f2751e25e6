// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"
)

const (
	// idLayout is a key's id: when it was made. So ids sort by age.
	idLayout = "20060102T150405Z"
	keyBytes = 32
	maxKeys  = 64

	// settleTime is how old a key must be to sign: by then every replica of the manager knows it, too.
	settleTime = time.Minute
)

// Ring holds the keys that stamps are signed with: the newest that has settled signs, all verify. It is immutable; nil
// verifies nothing.
type Ring struct {
	ids  []string // the oldest first
	keys map[string][]byte
}

// ParseRing reads the data of a Secret of the type jiratokens.io/stamp-keys.
func ParseRing(data map[string][]byte) (*Ring, error) {
	if len(data) > maxKeys {
		return nil, fmt.Errorf("there are %d keys; %d are allowed: remove the oldest", len(data), maxKeys)
	}
	for id, key := range data {
		if _, err := time.Parse(idLayout, id); err != nil {
			return nil, fmt.Errorf("key %q has no time for its name, such as %s: remove it", id, idLayout)
		}
		if len(key) != keyBytes {
			return nil, fmt.Errorf("key %s has %d bytes; %d are needed: remove it", id, len(key), keyBytes)
		}
	}
	return &Ring{ids: slices.Sorted(maps.Keys(data)), keys: maps.Clone(data)}, nil
}

// Len is the number of keys.
func (r *Ring) Len() int {
	if r == nil {
		return 0
	}
	return len(r.ids)
}

// Newest is when the newest key was made; zero: there is none.
func (r *Ring) Newest() time.Time {
	if r.Len() == 0 {
		return time.Time{}
	}
	return madeAt(r.ids[len(r.ids)-1])
}

// NewKey makes another key, to be added to a Secret's data. random is crypto/rand.Reader.
func NewKey(random io.Reader, now time.Time) (id string, key []byte, err error) {
	key = make([]byte, keyBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return "", nil, fmt.Errorf("make a stamp key: %w", err)
	}
	return now.UTC().Format(idLayout), key, nil
}

// Sign makes the annotation.
func (r *Ring) Sign(s *Stamp) (string, error) {
	if r.Len() == 0 {
		return "", errors.New("there is no key to sign stamps with")
	}
	id := r.signer(s.At)
	signed, err := encode(s, id)
	if err != nil {
		return "", err
	}
	return signed + "." + encoding.EncodeToString(r.mac(id, signed)), nil
}

// signer is the newest key that has settled or, in the first minute of a ring, the oldest.
func (r *Ring) signer(now time.Time) string {
	for _, id := range slices.Backward(r.ids) {
		if !madeAt(id).Add(settleTime).After(now) {
			return id
		}
	}
	return r.ids[0]
}

func (r *Ring) mac(id, signed string) []byte {
	mac := hmac.New(sha256.New, r.keys[id])
	mac.Write([]byte("jiratokens.io/requested-by\n" + signed)) // nothing else that a key may sign can be taken for a stamp
	return mac.Sum(nil)
}

// madeAt reads an id that ParseRing has checked.
func madeAt(id string) time.Time {
	at, err := time.Parse(idLayout, id)
	if err != nil {
		return time.Time{}
	}
	return at
}
