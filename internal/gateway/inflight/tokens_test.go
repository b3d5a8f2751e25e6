// SPDX-License-Identifier: Apache-2.0

package inflight

import "testing"

func TestTokens(t *testing.T) {
	var tokens Tokens
	for n, want := range []bool{true, true, false} {
		if tokens.Take("a", 2) != want {
			t.Errorf("request %d of a token that may have two", n+1)
		}
	}
	if !tokens.Take("b", 1) || tokens.Take("b", 1) {
		t.Error("one is the most of the other token, and it is its own")
	}
	if tokens.Take("a", 1) {
		t.Error("a limit that was lowered does not count")
	}
	tokens.Release("a")
	if !tokens.Take("a", 2) {
		t.Error("a place that was given back is not given again")
	}
	for _, uid := range []string{"a", "a", "b"} {
		tokens.Release(uid)
	}
	if len(tokens.held) != 0 {
		t.Errorf("%v", tokens.held)
	}
	if n := testing.AllocsPerRun(1000, func() {
		if tokens.Take("a", 2) {
			tokens.Release("a")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
