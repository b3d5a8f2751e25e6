// SPDX-License-Identifier: Apache-2.0

package token_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

func TestDerivedID(t *testing.T) {
	if got := token.HashOf("x").DerivedID(); got != "own-nbiFHZYZ" {
		t.Errorf("the id of a hash is %s now: audit logs and annotations have the former one", got)
	}
	seen := map[string]bool{}
	for range 1000 {
		tok := generate(t)
		h := tok.Hash()
		id := h.DerivedID()
		if len(id) != len(tok.ID()) || seen[id] || !token.IsDerivedID(id) || token.IsDerivedID(tok.ID()) {
			t.Fatalf("derived %s, the token's own id is %s", id, tok.ID())
		}
		seen[id] = true
		if strings.Contains(hex.EncodeToString(h[:]), strings.ToLower(id[4:])) || strings.Contains(tok.Reveal(), id[4:]) {
			t.Errorf("%s is a part of the hash or of the token", id)
		}
		if _, err := token.Parse(token.Prefix + id + tok.Reveal()[16:]); err == nil {
			t.Errorf("a token can have the id %s", id)
		}
	}
}
