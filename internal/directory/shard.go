// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"slices"
)

const (
	// maxShardBytes bounds a shard before its compression. A Secret holds at most 1 MiB.
	maxShardBytes = 512 << 10
	// maxShards bounds what is kept of all groups together: some 500,000 people.
	maxShards = 64
)

// ErrTooMany says that a policy's groups have more users together than can be kept.
var ErrTooMany = fmt.Errorf("the groups have more users together than can be kept (%d MiB)", maxShards*maxShardBytes>>20)

// shard puts people into as few shards as they fit in. Which one a name is in depends on nothing but their number, which
// is a power of two.
func shard(people map[string][]byte) ([][]byte, error) {
	names := slices.Sorted(maps.Keys(people))
	for count := 1; count <= maxShards; count *= 2 {
		if shards := split(names, people, count); shards != nil {
			return shards, nil
		}
	}
	return nil, ErrTooMany
}

// split returns nil if a shard would be too large.
func split(names []string, people map[string][]byte, count int) [][]byte {
	shards := make([][]byte, count)
	for _, name := range names {
		b := &shards[shardOf(name, count)]
		*b = append(append(*b, ','), people[name]...)
		if len(*b) >= maxShardBytes {
			return nil
		}
	}
	for i, list := range shards {
		if list == nil {
			list = []byte{','}
		}
		list[0] = '['
		shards[i] = append(list, ']')
	}
	return shards
}

func shardOf(name string, count int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))          // never fails
	return int(h.Sum32() % uint32(count)) //nolint:gosec // both are small
}

func compress(raw []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(raw); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return b.Bytes(), nil
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// decompress undoes it all, and takes nothing that is larger than it could have been.
func decompress(data []byte) ([]person, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, damaged("compression of a shard")
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxShardBytes+1))
	if err != nil || len(raw) > maxShardBytes {
		return nil, damaged("compression of a shard")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	var people []person
	if err := decoder.Decode(&people); err != nil { // without the decoder's words, which may repeat a part of it
		return nil, damaged("content of a shard")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, damaged("content of a shard")
	}
	return people, nil
}
