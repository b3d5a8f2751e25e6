// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestLifetimeWarnings(t *testing.T) {
	const day = 24 * time.Hour
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	date := func(in time.Duration) *v1alpha1.ApiTokenSpec {
		return &v1alpha1.ApiTokenSpec{ExpiresAt: &metav1.Time{Time: now.Add(in)}}
	}
	lasting := func(l v1alpha1.Lifetime) *v1alpha1.ApiTokenSpec { return &v1alpha1.ApiTokenSpec{Lifetime: l} }
	rotating := func(s *v1alpha1.ApiTokenSpec, every v1alpha1.RotationPeriod) *v1alpha1.ApiTokenSpec {
		s.Rotation = &v1alpha1.Rotation{Every: every}
		return s
	}
	for name, c := range map[string]struct {
		spec, old     *v1alpha1.ApiTokenSpec
		declared, end time.Duration // from now
		eternal       bool
		unknown       bool
		want          []string // the beginning of each warning; a "|" parts it from what else is in it
	}{
		"a month":                       {spec: lasting("720h"), end: 30 * day},
		"a date in a month":             {spec: date(30 * day), end: 30 * day},
		"the policy's default":          {spec: lasting(""), end: 30 * day},
		"just long enough":              {spec: date(10 * time.Minute), end: 10 * time.Minute},
		"a leap year":                   {spec: lasting("8784h"), end: 366 * day},
		"not known":                     {spec: lasting(""), unknown: true},
		"never":                         {spec: lasting(""), eternal: true, want: []string{"spec.lifetime and spec.expiresAt are not set|such as spec.lifetime: 720h"}},
		"in the past":                   {spec: date(-day), end: -day, want: []string{"spec.expiresAt lies in the past: the token expired at 2026-02-28T12:00:00Z|set a later spec.expiresAt"}},
		"at this moment":                {spec: date(0), want: []string{"spec.expiresAt lies in the past"}},
		"changed to the past":           {spec: date(-day), old: date(day), end: -day, want: []string{"spec.expiresAt lies in the past"}},
		"in some minutes":               {spec: lasting("5m"), end: 5 * time.Minute, want: []string{"spec.lifetime: 5m ends the token at 2026-03-01T12:05:00Z, in 5m: too soon|set another spec.lifetime"}},
		"for years":                     {spec: date(400 * day), end: 400 * day, want: []string{"spec.expiresAt ends the token at 2027-04-05T12:00:00Z, in more than a year|2160h"}},
		"a default for years":           {spec: lasting(""), end: 400 * day, want: []string{"The policy's spec.defaults.lifetime ends the token"}},
		"expired, and left":             {spec: date(-day), old: date(-day), declared: -9 * day, end: -day, want: []string{"spec.expiresAt is left as it is, and the token expired at 2026-02-28T12:00:00Z: it stays refused|To renew it, set a later spec.expiresAt"}},
		"expired lifetime, and left":    {spec: lasting("1h"), old: lasting("1h"), declared: -2 * time.Hour, end: -time.Hour, want: []string{"spec.lifetime: 1h is left as it is"}},
		"expired default, and left":     {spec: lasting(""), old: lasting(""), declared: -2 * time.Hour, end: -time.Hour, want: []string{"The policy's spec.defaults.lifetime is left as it is|set spec.lifetime or spec.expiresAt"}},
		"renewed":                       {spec: date(day), old: date(-day), end: day},
		"rotated within its lifetime":   {spec: rotating(lasting("720h"), "168h"), end: 30 * day},
		"rotated just at its end":       {spec: rotating(lasting("720h"), "720h"), end: 30 * day, want: []string{"spec.rotation.every: 720h is not less than the token's lifetime of 720h|a shorter every, or a longer lifetime"}},
		"rotated never":                 {spec: rotating(date(day), "168h"), end: day, want: []string{"spec.rotation.every: 168h is not less than the token's lifetime of 24h"}},
		"rotated on request":            {spec: rotating(date(day), ""), end: day},
		"rotated, and expired":          {spec: rotating(date(-day), "720h"), end: -day, want: []string{"spec.expiresAt lies in the past"}},
		"rotated later than its end":    {spec: rotating(date(time.Minute), "1h"), end: time.Minute, want: []string{"spec.expiresAt ends the token", "spec.rotation.every: 1h"}},
		"rotated, and without an end":   {spec: rotating(lasting(""), "168h"), eternal: true, want: []string{"spec.lifetime and spec.expiresAt are not set"}},
		"the longest that can be said":  {spec: rotating(lasting("000001h000001m000001s"), "000002h000002m000002s00001s"), end: time.Minute, want: []string{"spec.lifetime: 000001h000001m000001s ends", "spec.rotation.every: 000002h"}},
		"the longest past that was set": {spec: lasting("000001h000001m00000001s000000001"), end: -day, want: []string{"spec.lifetime: 000001h"}},
	} {
		t.Run(name, func(t *testing.T) {
			end := now.Add(c.end)
			l := &Lifetime{DeclaredAt: now.Add(c.declared), ExpiresAt: &end}
			if c.eternal {
				l.ExpiresAt = nil
			}
			if c.unknown {
				l = nil
			}
			got := lifetimeWarnings(c.spec, c.old, l, now)
			if len(got) != len(c.want) {
				t.Fatalf("have %q", got)
			}
			for i, want := range c.want {
				begins, has, _ := strings.Cut(want, "|")
				if !strings.HasPrefix(got[i], begins) || !strings.Contains(got[i], has) || len(got[i]) > maxWarning || !strings.HasSuffix(got[i], ".") {
					t.Errorf("have (%d bytes) %q", len(got[i]), got[i])
				}
			}
		})
	}
}

// TestThePageHasEachWarning: the table in docs/concepts.md has the words of each, and no others.
func TestThePageHasEachWarning(t *testing.T) {
	page, err := os.ReadFile("../../docs/concepts.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| Warning | When |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	rows := strings.Split(table, "\n")
	now := time.Now()
	past, soon, years := now.Add(-time.Hour), now.Add(time.Minute), now.Add(500*24*time.Hour)
	date := func(at time.Time) *v1alpha1.ApiTokenSpec {
		return &v1alpha1.ApiTokenSpec{ExpiresAt: &metav1.Time{Time: at}}
	}
	rotated := date(soon)
	rotated.Rotation = &v1alpha1.Rotation{Every: "1h"}
	said := []string{
		expiryWarning(date(past), nil, &Lifetime{ExpiresAt: &past}, now), expiryWarning(date(past), date(past), &Lifetime{ExpiresAt: &past}, now),
		expiryWarning(date(soon), nil, &Lifetime{ExpiresAt: &soon}, now), expiryWarning(date(years), nil, &Lifetime{ExpiresAt: &years}, now),
		expiryWarning(&v1alpha1.ApiTokenSpec{}, nil, &Lifetime{}, now),
		rotationWarning(rotated, &Lifetime{DeclaredAt: now, ExpiresAt: &soon}, now),
	}
	if len(rows) != len(said) {
		t.Fatalf("%d rows for %d warnings: %q", len(rows), len(said), rows)
	}
	for i, row := range rows {
		words, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
		if words == "" || !strings.Contains(said[i], words) {
			t.Errorf("%q is not in %q", words, said[i])
		}
	}
}

// TestWarningsLeaveRoom: together they stay below what the API server cuts at.
func TestWarningsLeaveRoom(t *testing.T) {
	others := []string{"one.", "two."}
	got := warnings(strings.Repeat("A sentence. ", 1000), others...)
	if len(got) != maxWarnings || got[maxWarnings-1] != "two." || got[maxWarnings-3] != more {
		t.Errorf("have %d: %q", len(got), got)
	}
	if got := warnings("", others...); len(got) != 2 {
		t.Errorf("have %q", got)
	}
}
