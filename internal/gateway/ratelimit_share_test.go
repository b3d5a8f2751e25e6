// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Only who holds a token can use up its limit.
func TestWhoDoesNotHoldATokenTakesNothing(t *testing.T) {
	b := newBench(t)
	known := b.issue("alice", []string{"read"}, limited(60, 2))
	forged := known[:16] + unknownToken[16:len(unknownToken)-6]
	forged += checksumFor(forged)
	for range 5 {
		for _, line := range []string{bearer(forged), bearer(unknownToken), bearer(known[:len(known)-1]), "Authorization: " + basic("alice", forged)} {
			if a := b.send("GET", myself, line); a.StatusCode != http.StatusUnauthorized || strings.Contains(fmt.Sprint(a.Header), "Ratelimit") {
				t.Errorf("%s: %d %v", line, a.StatusCode, a.Header)
			}
		}
	}
	b.expectAllowed(bearer(known), 2)
}

func TestCredentialsOfOneTokenShareItsLimit(t *testing.T) {
	b := newBench(t)
	same := func(c *grant.Credential) { c.Token.UID = "one" }
	first := bearer(b.issue("alice", []string{"read"}, limited(60, 4), same))
	b.send("GET", myself, first)
	second := bearer(b.issue("alice", []string{"read"}, limited(60, 4), same))
	b.expectAllowed(second, 3)
	b.expectAllowed(first, 0)
	// Another ApiToken, be it of the same name and owner, has its own.
	other := bearer(b.issue("alice", []string{"read"}, limited(60, 4), func(c *grant.Credential) { c.Token.Name = "token-1" }))
	b.expectAllowed(other, 4)
}

// A credential that was replaced, perhaps because it leaked, takes nothing from the one in its place, however it is sent.
func TestAReplacedCredentialTakesNothing(t *testing.T) {
	b := newBench(t)
	end := b.clock.Now().Add(time.Minute)
	same := func(c *grant.Credential) { c.Token.UID = "one" }
	old := b.issue("alice", []string{"read"}, limited(1, 4), same, func(c *grant.Credential) { c.RetireAt = &end })
	b.send("GET", myself, bearer(old)) // while both are good they share
	b.clock.SetTime(end)
	for range 3 {
		for _, line := range []string{bearer(old), "Authorization: " + basic("alice", old), "Authorization: " + basic("bob", old)} {
			if a := b.send("GET", myself, line); a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusTooManyRequests {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
		}
	}
	b.expectAllowed(bearer(b.issue("alice", []string{"read"}, limited(1, 4), same)), 4)
}

func TestReplicasShareALimit(t *testing.T) {
	b := newBench(t, func(b *bench) { b.config.Replicas = 3 })
	tok := bearer(b.issue("alice", []string{"read"}, limited(100, 10)))
	if a := b.send("GET", myself, tok); ratesOf(a.Header) != rates(3, 4, 34, 60) {
		t.Error(ratesOf(a.Header))
	}
	b.expectAllowed(tok, 3)
	a := b.send("GET", myself, tok)
	if want := "100 requests in 60 s, 10 at once (each of the gateway's 3 replicas allows its share of that)"; !strings.Contains(a.message(t), want) {
		t.Errorf("%s\nwant %s", a.message(t), want)
	}
	// At least one a period.
	few := bearer(b.issue("alice", []string{"read"}, limited(1, 1)))
	b.expectAllowed(few, 1)
	// Fewer replicas count at once, and give nothing that was taken back.
	b.config.Replicas = 1
	b.configure()
	b.expectAllowed(tok, 0)
	if a := b.send("GET", myself, tok); ratesOf(a.Header) != rates(0, 10, 100, 60) {
		t.Error(ratesOf(a.Header))
	}
	b.clock.SetTime(b.clock.Now().Add(time.Minute))
	b.expectAllowed(tok, 10)
	// So do more replicas.
	b.clock.SetTime(b.clock.Now().Add(time.Minute))
	b.send("GET", myself, tok)
	b.config.Replicas = 5
	b.configure()
	b.expectAllowed(tok, 2)
}

func TestAChangedLimitCountsAtOnce(t *testing.T) {
	b := newBench(t)
	var c *grant.Credential
	tok := bearer(b.issue("alice", []string{"read"}, limited(60, 5), func(made *grant.Credential) { c = made }))
	change := func(edit func(*grant.Credential)) {
		t.Helper()
		edit(c)
		if err := b.table.Put(c.ID, c); err != nil {
			t.Fatal(err)
		}
	}
	b.send("GET", myself, tok)
	change(limited(60, 2))
	b.expectAllowed(tok, 2)
	change(limited(60, 50))
	b.expectAllowed(tok, 0)
	change(func(c *grant.Credential) { c.Grant.RateLimit = nil })
	if a := b.send("GET", myself, tok); a.StatusCode != http.StatusOK || strings.Contains(fmt.Sprint(a.Header), "Ratelimit") {
		t.Errorf("without a limit: %d %v", a.StatusCode, a.Header)
	}
	change(limited(60, 50))
	b.expectAllowed(tok, 0) // back again, with what was left
}
