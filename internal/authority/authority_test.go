// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/internal/authority"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func renew(t *testing.T, set authority.Set, now time.Time) authority.Set {
	t.Helper()
	renewed, changed, err := set.Renew(now)
	if err != nil || !changed {
		t.Fatalf("changed: %v, %v", changed, err)
	}
	return renewed
}

func TestRenewal(t *testing.T) {
	first := renew(t, nil, start)
	for _, at := range []time.Duration{0, 19 * day, 20 * day} {
		if _, changed, err := first.Renew(start.Add(at)); changed || err != nil {
			t.Errorf("after %s: changed, %v", at, err)
		}
	}
	if d := first.Until(start); d != 20*day+time.Second {
		t.Errorf("looks again in %s", d)
	}
	both := renew(t, first, start.Add(20*day+time.Second))
	if len(both) != 2 || both[0] != first[0] || both.Until(start.Add(20*day+time.Second)) != 10*day {
		t.Errorf("%d authorities, looks again in %s", len(both), both.Until(start.Add(20*day)))
	}
	if second := renew(t, both, start.Add(30*day)); len(second) != 1 || second[0] != both[1] {
		t.Errorf("%d authorities", len(second))
	}
	if third := renew(t, both, start.Add(90*day)); len(third) != 1 || third[0] == both[1] {
		t.Errorf("%d authorities after a long absence", len(third))
	}
}

func TestEncoding(t *testing.T) {
	set := renew(t, renew(t, nil, start), start.Add(21*day))
	data, err := set.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, problems := authority.ParseSet(data)
	if len(problems) > 0 || len(back) != 2 || !back[0].Certificate.Equal(set[0].Certificate) || !back[1].Certificate.Equal(set[1].Certificate) {
		t.Errorf("%d authorities are read back: %v", len(back), problems)
	}
	names := slices.Sorted(maps.Keys(data))
	other, err := renew(t, nil, start).Encode()
	if err != nil {
		t.Fatal(err)
	}
	good, foreign := data[names[0]], slices.Collect(maps.Values(other))[0]
	certificate, key := pemBlock(good, 0), pemBlock(good, 1)
	for want, bad := range map[string][]byte{
		"has no certificate at its beginning":                  key,
		"has not exactly one private key":                      certificate,
		"has a private key that does not belong":               slices.Concat(certificate, pemBlock(foreign, 1)),
		"has not exactly one private key after":                slices.Concat(good, key),
		"has a private key that can't be parsed":               slices.Concat(certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY"})),
		"has a certificate that is not an authority's":         slices.Concat(leafOf(t, set), key),
		"b.pem has no certificate at its beginning":            []byte("hunter2"),
		"has a certificate that is not an authority's, either": slices.Concat(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}), key),
	} {
		set, problems := authority.ParseSet(map[string][]byte{"a.pem": good, "b.pem": bad})
		want, _, _ = strings.Cut(want, ", either")
		if len(set) != 1 || len(problems) != 1 || !strings.Contains(problems[0], want) || strings.Contains(problems[0], "hunter2") {
			t.Errorf("want %q, have %q", want, problems)
		}
	}
}

func leafOf(t *testing.T, set authority.Set) []byte {
	t.Helper()
	leaf, err := set[0].Issue(start, "x")
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Leaf.Raw})
}

func pemBlock(text []byte, n int) []byte {
	block, rest := pem.Decode(text)
	if n > 0 {
		block, _ = pem.Decode(rest)
	}
	return pem.EncodeToMemory(block)
}

func TestLeaf(t *testing.T) {
	set := renew(t, nil, start)
	certificate, err := set[0].Issue(start, "a.b.svc", "127.0.0.1", "::1")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(set[0].Certificate)
	for _, name := range []string{"a.b.svc", "127.0.0.1", "::1"} {
		if _, err := certificate.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: name, CurrentTime: start.Add(29 * day)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, options := range map[string]x509.VerifyOptions{
		"another name":    {Roots: pool, DNSName: "c.b.svc", CurrentTime: start},
		"expired":         {Roots: pool, DNSName: "a.b.svc", CurrentTime: start.Add(31 * day)},
		"as a client":     {Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, CurrentTime: start},
		"other authority": {Roots: x509.NewCertPool(), DNSName: "a.b.svc", CurrentTime: start},
	} {
		if _, err := certificate.Leaf.Verify(options); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// What is not ours leaves the caBundle: at once, but for the first minutes of a new Secret.
func TestBundle(t *testing.T) {
	old, present := renew(t, nil, start), renew(t, nil, start.Add(day))
	strays := slices.Concat([]byte("garbage\n"), leafOf(t, old), old.Bundle(nil, start))
	both := present.Bundle(strays, start.Add(day))
	if n := bytes.Count(both, []byte("BEGIN")); n != 2 || !bytes.HasSuffix(both, old.Bundle(nil, start)) {
		t.Errorf("%d certificates", n)
	}
	if again := present.Bundle(both, start.Add(day)); !bytes.Equal(again, both) {
		t.Error("a bundle that is in order is changed")
	}
	if later := present.Bundle(both, start.Add(day+11*time.Minute)); bytes.Count(later, []byte("BEGIN")) != 1 {
		t.Error("a stray stays")
	}
	if later := present.Bundle(both, start.Add(40*day)); len(later) != 0 {
		t.Error("an expired authority stays")
	}
}

func TestWithoutConfiguration(t *testing.T) {
	clock := clocktesting.NewFakeClock(start)
	server := authority.NewServer(clock, "x")
	if server.Ready(nil) == nil {
		t.Error("ready without a certificate")
	}
	nobody := authority.TrustedBy(nil)
	if _, err := server.Observe(renew(t, nil, start), nobody); err != nil || server.Ready(nil) == nil {
		t.Errorf("ready with a certificate that the API server does not trust: %v", err)
	}
	if next, err := server.Observe(renew(t, nil, start), authority.TrustedBy()); err != nil || next != time.Minute || server.Ready(nil) != nil {
		t.Errorf("not ready where there is no webhook configuration: %s, %v", next, err)
	}
	clock.Step(31 * day)
	if server.Ready(nil) == nil {
		t.Error("ready with an expired certificate")
	}
}

// A replica that starts while an authority is new serves with the one that every API server knows.
func TestStartDuringAChange(t *testing.T) {
	clock := clocktesting.NewFakeClock(start.Add(21 * day))
	both := renew(t, renew(t, nil, start), clock.Now())
	trusted := authority.TrustedBy(both.Bundle(nil, clock.Now()))
	server := authority.NewServer(clock, "x")
	for i, after := range []time.Duration{0, time.Minute} {
		clock.SetTime(start.Add(21*day + after))
		if _, err := server.Observe(both, trusted); err != nil {
			t.Fatal(err)
		}
		certificate, err := server.GetCertificate(nil)
		if err != nil || certificate.Leaf.Issuer.CommonName != both[i].Certificate.Subject.CommonName {
			t.Errorf("after %s: %v, %v", after, certificate.Leaf.Issuer, err)
		}
	}
}
