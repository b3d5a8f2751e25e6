// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestCodecRoundTrip(t *testing.T) {
	full := sample(1)
	retire := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	full.IssuedAt, full.DeclaredAt, full.DeclaredExpiry = retire.Add(-time.Hour), retire.Add(-2*time.Hour), "lifetime 720h"
	full.RetireAt, full.State, full.BlockedReason = &retire, Blocked, `denied by "policy" <x>`
	full.Grant.RateLimit = &RateLimit{Requests: math.MaxInt32, Period: math.MaxInt64, Burst: math.MaxInt32}
	bare := sample(2)
	bare.ExpiresAt, bare.Grant.SourceRanges, bare.Grant.RateLimit = nil, nil, nil
	for _, want := range []*Credential{full, bare} {
		data, err := Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("error %v\ngot  %+v\nwant %+v", err, got, want)
		}
	}
}

// What a reader does not understand entirely is not granted: it may be a limit.
func TestDecodeRefuses(t *testing.T) {
	good, err := Encode(sample(1))
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(doc, grant map[string]any)) []byte {
		var doc map[string]any
		if err := json.Unmarshal(good, &doc); err != nil {
			t.Fatal(err)
		}
		f(doc, doc["grant"].(map[string]any))
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	limit := func(text string) []byte {
		return change(func(_, g map[string]any) { g["rateLimit"] = json.RawMessage(text) })
	}
	for name, data := range map[string][]byte{
		"nothing":          nil,
		"no object":        []byte(`null`),
		"truncated":        good[:len(good)-1],
		"something after":  append(bytes.Clone(good), "{}"...),
		"too large":        append(bytes.Clone(good), strings.Repeat(" ", MaxEncodedBytes)...),
		"newer, truncated": []byte(`{"version":2,"id":"a"`),
		"newer and more":   []byte(`{"version":2}{}`),
		"negative version": change(func(d, _ map[string]any) { d["version"] = -1 }),
		"no state":         change(func(d, _ map[string]any) { d["state"] = "" }),
		"field, bad value": change(func(d, g map[string]any) { g["methods"], d["expiresAt"] = 1, "tomorrow" }),
		"no version":       change(func(d, _ map[string]any) { delete(d, "version") }),
		"no scopes":        change(func(_, g map[string]any) { delete(g, "scopes") }),
		"no owner":         change(func(_, g map[string]any) { g["owner"] = "" }),
		"owner, space":     change(func(_, g map[string]any) { g["owner"] = "alice " }),
		"owner, tab":       change(func(_, g map[string]any) { g["owner"] = "\talice" }),
		"owner, no-break":  change(func(_, g map[string]any) { g["owner"] = "alice\u00a0" }),
		"owner, NEL":       change(func(_, g map[string]any) { g["owner"] = "alice\u0085" }),
		"owner, control":   change(func(_, g map[string]any) { g["owner"] = "al\x00ice" }),
		"owner, sigma":     change(func(_, g map[string]any) { g["owner"] = "ΝΙΚΟΣ" }),
		"owner, C1":        change(func(_, g map[string]any) { g["owner"] = "al\u0081ice" }),
		"owner, dotted I":  change(func(_, g map[string]any) { g["owner"] = "al\u0130ce" }),
		"bad range":        change(func(_, g map[string]any) { g["sourceRanges"] = []string{"10.0.0.0/33"} }),
		"empty range":      change(func(_, g map[string]any) { g["sourceRanges"] = []string{""} }),
		"no hash":          change(func(d, _ map[string]any) { delete(d, "hash") }),
		"zero hash":        change(func(d, _ map[string]any) { d["hash"] = "sha256:" + strings.Repeat("0", 64) }),
		"short hash":       change(func(d, _ map[string]any) { d["hash"] = "sha256:00ff" }),
		"no id":            change(func(d, _ map[string]any) { d["id"] = "" }),
		"no token":         change(func(d, _ map[string]any) { delete(d, "token") }),
		"expiry no time":   change(func(d, _ map[string]any) { d["expiresAt"] = "tomorrow" }),
		"expiry no string": change(func(d, _ map[string]any) { d["expiresAt"] = 0 }),
		"limit, empty":     limit(`{}`),
		"limit, no object": limit(`"60/1m"`),
		"no requests":      limit(`{"requests":0,"period":1,"burst":1}`),
		"fewer than none":  limit(`{"requests":-1,"period":1,"burst":1}`),
		"half a request":   limit(`{"requests":0.5,"period":1,"burst":1}`),
		"many requests":    limit(`{"requests":2147483648,"period":1,"burst":1}`),
		"no period":        limit(`{"requests":1,"burst":1}`),
		"negative period":  limit(`{"requests":1,"period":-1,"burst":1}`),
		"period, words":    limit(`{"requests":1,"period":"1m","burst":1}`),
		"long period":      limit(`{"requests":1,"period":9223372036854775808,"burst":1}`),
		"no burst":         limit(`{"requests":1,"period":1}`),
		"negative burst":   limit(`{"requests":1,"period":1,"burst":-1}`),
	} {
		if c, err := Decode(data); err == nil || errors.Is(err, ErrNewer) {
			t.Errorf("%s: error %v, credential %+v", name, err, c)
		}
	}
	// After a rollback these are neither granted nor taken for damaged.
	for name, data := range map[string][]byte{
		"newer version": change(func(d, _ map[string]any) { d["version"] = FormatVersion + 1 }),
		"newer in all":  []byte(`{"version":2,"id":{"n":1},"hash":[],"grant":"x"}`),
		"unknown field": change(func(d, _ map[string]any) { d["notBefore"] = "2027-01-01T00:00:00Z" }),
		"unknown limit": change(func(_, g map[string]any) { g["methods"] = []string{"GET"} }),
		"limit, more":   limit(`{"requests":1,"period":1,"burst":1,"later":1}`),
		"unknown scope": change(func(_, g map[string]any) { g["scopes"] = []string{"read", "write:everything"} }),
		"unknown state": change(func(d, _ map[string]any) { d["state"] = "paused" }),
	} {
		if c, err := Decode(data); !errors.Is(err, ErrNewer) {
			t.Errorf("%s: error %v, credential %+v", name, err, c)
		}
	}
}

func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	for name, spoil := range map[string]func(*Credential){
		"no scopes":     func(c *Credential) { c.Grant.Scopes = nil },
		"invalid range": func(c *Credential) { c.Grant.SourceRanges = append(c.Grant.SourceRanges, netip.Prefix{}) },
		"no UID":        func(c *Credential) { c.Token.UID = "" },
		"no requests":   func(c *Credential) { c.Grant.RateLimit.Requests = 0 },
		"no period":     func(c *Credential) { c.Grant.RateLimit.Period = 0 },
		"no burst":      func(c *Credential) { c.Grant.RateLimit.Burst = 0 },
	} {
		c := sample(1)
		spoil(c)
		if _, err := Encode(c); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

// Whatever Decode accepts means the same after another round, and the table accepts it.
func FuzzDecode(f *testing.F) {
	for n := range 3 {
		data, err := Encode(sample(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"version":1,"version":2}`))
	f.Add([]byte(`{"version":1,"ID":"a","hash":"sha256:"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Encode(c)
		if err != nil {
			t.Fatalf("decoded, but can't be encoded: %v", err)
		}
		if len(c.Grant.SourceRanges) == 0 {
			c.Grant.SourceRanges = nil // as none and an empty list mean the same
		}
		if back, err := Decode(again); err != nil || back.Hash != c.Hash || back.State != c.State ||
			!reflect.DeepEqual(back.Grant, c.Grant) {
			t.Fatalf("changed in a round trip: %v\n%+v\n%+v", err, c, back)
		}
		table := NewTable()
		if err := table.Put("object", c); err != nil {
			t.Fatalf("decoded, but not accepted: %v", err)
		}
		r, ok := table.Lookup(c.Hash)
		if !ok || r.Blocked != (c.State == Blocked) || (r.ExpiresAt == 0) != (c.ExpiresAt == nil) ||
			(r.RetireAt == 0) != (c.RetireAt == nil) || r.Ranges.Len() != len(c.Grant.SourceRanges) ||
			r.RateLimit != orNone(c.Grant.RateLimit) {
			t.Fatalf("the table changed it: %+v\n%+v", c, r)
		}
	})
}

// Names that Jira, in Java, takes for two users are two here as well.
func TestFoldUser(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		same bool
	}{
		{"Alice", "aLICE", true},
		{"ÄRGER", "ärger", true},
		{"Bob", "bobby", false},
		{"İVAN", "ivan", false},
		{"İvan", "i\u0307VAN", true},
		{"alıce", "alice", false},
		{"alice ", "alice", false},
	} {
		if got := SameUser(tc.a, tc.b); got != tc.same {
			t.Errorf("%q and %q: %v", tc.a, tc.b, got)
		}
	}
}
