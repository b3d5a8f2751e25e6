// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"fmt"
	"math"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestMerge(t *testing.T) {
	var s v1alpha1.ActivityStatus
	add := func(gateway string, u Use, counts bool) {
		t.Helper()
		if Merge(&s, gateway, &u) != counts {
			t.Errorf("%s %+v counts: %v", gateway, u, !counts)
		}
	}
	add("g1", Use{Number: 5, Requests: 2, LastUsed: 600, Address: "203.0.113.0/24", UserAgent: "curl"}, true)
	add("g1", Use{Number: 5, Requests: 2, LastUsed: 600}, false)
	add("g1", Use{Number: 4, Requests: 9, LastUsed: 900}, false)
	add("g2", Use{Number: 1, Requests: 3, LastUsed: 540, Address: "198.51.100.0/24", UserAgent: "late"}, true)
	add("g2", Use{Number: 2, Refusals: []Refusal{{"scope", 1}, {"expired", 4}}, LastRefused: 660}, true)
	add("g1", Use{Number: 6, Refusals: []Refusal{{"scope", 2}}, LastRefused: 60}, true)
	if s.Requests != 5 || s.LastUsedAt.Unix() != 600 || s.LastAddress != "203.0.113.0/24" || s.LastUserAgent != "curl" {
		t.Errorf("%+v", s)
	}
	if s.Refused != 7 || fmt.Sprint(s.Refusals) != "[{expired 4} {scope 3}]" || s.LastRefusedAt.Unix() != 660 {
		t.Errorf("%+v", s)
	}
	if fmt.Sprint(s.Counted) != "[{g1 6} {g2 2}]" {
		t.Errorf("%+v", s.Counted)
	}
	add("g1", Use{Number: 7, Requests: 1, LastUsed: 600}, true) // the same minute, and nothing is to be told any more
	if s.LastAddress != "" || s.LastUserAgent != "" {
		t.Errorf("%+v", s)
	}
}

// TestMergeIsBounded, as the API server would refuse the status otherwise, and sums don't turn negative.
func TestMergeIsBounded(t *testing.T) {
	var s v1alpha1.ActivityStatus
	for i := range 40 {
		Merge(&s, fmt.Sprintf("g%d", i), &Use{
			Number: 1, Requests: math.MaxInt64 / 2, Refusals: []Refusal{{fmt.Sprintf("reason-%d", i), int64(i + 1)}},
		})
	}
	if s.Requests != maxTotal || s.Refused != 40*41/2 || len(s.Refusals) != maxReasons || len(s.Counted) != maxCounted ||
		s.Refusals[0].Count < s.Refusals[15].Count || s.Counted[0].Gateway != "g39" {
		t.Errorf("%+v", s)
	}
}

func TestCoarsen(t *testing.T) {
	var s v1alpha1.ActivityStatus
	Merge(&s, "g1", &Use{Number: 1, LastUsed: noon.Unix() + 60, Address: "203.0.113.7", UserAgent: "curl/8.5.0", LastRefused: noon.Unix()})
	if Coarsen(&s, Precision{Times: "Minute", Addresses: "Full", UserAgents: "Full"}) {
		t.Errorf("%+v", s)
	}
	if !Coarsen(&s, Precision{Times: "Hour", Addresses: "Prefix", UserAgents: "Prefix"}) ||
		s.LastUsedAt.Unix() != noon.Unix() || s.LastAddress != "203.0.113.0/24" || s.LastUserAgent != "curl" {
		t.Errorf("%+v", s)
	}
	if !Coarsen(&s, Precision{Times: "Day", Addresses: "None", UserAgents: "None"}) || s.LastAddress+s.LastUserAgent != "" ||
		s.LastRefusedAt.UTC().Hour() != 0 {
		t.Errorf("%+v", s)
	}
	if Coarsen(&s, Precision{Times: "Day", Addresses: "None", UserAgents: "None"}) {
		t.Errorf("%+v", s)
	}
}
