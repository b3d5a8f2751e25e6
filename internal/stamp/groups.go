// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"encoding/json"
	"slices"
)

const (
	maxGroups     = 64
	maxGroupBytes = 4 << 10 // as JSON
)

// BoundGroups chooses which of a user's groups a stamp keeps: at most 64 and 4 KiB, those first that the policy names.
// A group that does not fit is left out, which can only take a right away.
func BoundGroups(groups, named []string) []string {
	var kept []string
	left := maxGroupBytes
	keep := func(group string) {
		if size := encodedSize(group); len(kept) < maxGroups && size <= left && !slices.Contains(kept, group) {
			kept = append(kept, group)
			left -= size
		}
	}
	for _, wanted := range []bool{true, false} {
		for _, group := range groups {
			if slices.Contains(named, group) == wanted {
				keep(group)
			}
		}
	}
	return kept
}

func encodedSize(s string) int {
	encoded, err := json.Marshal(s)
	if err != nil {
		return maxGroupBytes + 1 // a string can always be encoded
	}
	return len(encoded) + 1 // the comma
}
