// SPDX-License-Identifier: Apache-2.0

package activity

import (
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

var prefixes = Precision{Times: "Minute", Addresses: "Prefix", UserAgents: "Prefix"}

// TestCleanClampsWhatIsAbsurd: what a gateway that is not ours could make up is never written as it is.
func TestCleanClampsWhatIsAbsurd(t *testing.T) {
	full := Precision{Times: "Minute", Addresses: "Full", UserAgents: "Full"}
	now := noon.Add(90 * time.Second)
	for name, c := range map[string]struct {
		p        Precision
		in, want Use
	}{
		"as it should be": {
			prefixes,
			Use{Requests: 3, LastUsed: noon.Unix(), Address: "203.0.113.0/24", UserAgent: "curl"},
			Use{Requests: 3, LastUsed: noon.Unix(), Address: "203.0.113.0/24", UserAgent: "curl"},
		},
		"all of it": {
			full,
			Use{Requests: 3, LastUsed: noon.Unix(), Address: "2001:db8::7", UserAgent: "curl/8.5.0 (x)"},
			Use{Requests: 3, LastUsed: noon.Unix(), Address: "2001:db8::7", UserAgent: "curl/8.5.0 (x)"},
		},
		"more exact than the policy wants": {
			prefixes,
			Use{LastUsed: noon.Unix() + 59, LastRefused: noon.Unix() + 1, Address: "203.0.113.7", UserAgent: "curl/8.5.0"},
			Use{LastUsed: noon.Unix(), LastRefused: noon.Unix(), Address: "203.0.113.0/24", UserAgent: "curl"},
		},
		"nothing is wanted": {
			Precision{Times: "Day", Addresses: "None", UserAgents: "None"},
			Use{LastUsed: noon.Unix(), Address: "203.0.113.7", UserAgent: "curl/8.5.0"},
			Use{LastUsed: noon.Truncate(24 * time.Hour).Unix()},
		},
		"precisions that are not known": {
			Precision{Times: "x", Addresses: "x", UserAgents: "x"},
			Use{LastUsed: noon.Unix(), Address: "203.0.113.7", UserAgent: "curl/8.5.0"},
			Use{LastUsed: noon.Truncate(24 * time.Hour).Unix()},
		},
		"in the future": {
			prefixes,
			Use{LastUsed: math.MaxInt64, LastRefused: math.MaxInt64},
			Use{LastUsed: noon.Unix() + 60, LastRefused: noon.Unix() + 60},
		},
		"far too many": {
			prefixes,
			Use{Requests: math.MaxInt64, Waiting: math.MaxInt64, Refusals: []Refusal{{"scope", math.MaxInt64}}},
			Use{Requests: maxCount, Waiting: maxWaiting, Refusals: []Refusal{{"scope", maxCount}}},
		},
		"no address":              {full, Use{Address: "<script>"}, Use{}},
		"a very long address":     {full, Use{Address: strings.Repeat("1", 1000)}, Use{}},
		"a zone":                  {full, Use{Address: "fe80::1%eth0"}, Use{Address: "fe80::1"}},
		"mapped":                  {prefixes, Use{Address: "::ffff:203.0.113.7"}, Use{Address: "203.0.113.0/24"}},
		"a wide network":          {prefixes, Use{Address: "203.0.0.0/16"}, Use{Address: "203.0.0.0/16"}},
		"host bits":               {full, Use{Address: "203.0.113.7/24"}, Use{Address: "203.0.113.0/24"}},
		"control characters":      {full, Use{UserAgent: "a\x00b\x1b[31m\u202ec\xff\n"}, Use{UserAgent: "a?b?[31m?c?"}},
		"a very long user agent":  {full, Use{UserAgent: strings.Repeat("é", 1000)}, Use{UserAgent: strings.Repeat("é", 128)}},
		"cut within a character":  {full, Use{UserAgent: "x" + strings.Repeat("é", 1000)}, Use{UserAgent: "x" + strings.Repeat("é", 127)}},
		"white space alone":       {full, Use{UserAgent: "   "}, Use{}},
		"waiting for less than 0": {full, Use{Waiting: -1}, Use{}},
	} {
		t.Run(name, func(t *testing.T) {
			c.in.Number, c.want.Number = 1, 1
			if err := c.in.Clean(c.p, now); err != nil || !reflect.DeepEqual(c.in, c.want) {
				t.Errorf("%+v %v, want %+v", c.in, err, c.want)
			}
			if again := c.in; again.Clean(c.p, now) != nil || !reflect.DeepEqual(again, c.want) {
				t.Errorf("once more: %+v", again)
			}
		})
	}
}

// TestCleanRefusesNonsense and names the field.
func TestCleanRefusesNonsense(t *testing.T) {
	for says, u := range map[string]Use{
		"number is 0":                  {},
		"number is -5":                 {Number: -5},
		"requests is -1":               {Number: 1, Requests: -1},
		"lastUsed is -1":               {Number: 1, LastUsed: -1},
		"lastRefused -9":               {Number: 1, LastRefused: -9},
		"refusals[0].count is 0":       {Number: 1, Refusals: []Refusal{{"scope", 0}}},
		"refusals[1].count is -3":      {Number: 1, Refusals: []Refusal{{"scope", 1}, {"expired", -3}}},
		`refusals[0].reason is "A\n"`:  {Number: 1, Refusals: []Refusal{{"A\n", 1}}},
		`refusals[0].reason is ""`:     {Number: 1, Refusals: []Refusal{{"", 1}}},
		`refusals[0].reason is "aaaaa`: {Number: 1, Refusals: []Refusal{{strings.Repeat("a", 64), 1}}},
		"refusals has more than 64":    {Number: 1, Refusals: make([]Refusal, 65)},
	} {
		if err := u.Clean(prefixes, noon); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %q: %v", says, err)
		}
	}
}

func TestReadReport(t *testing.T) {
	for text, says := range map[string]string{
		`{"gateway":"a1","uses":[]}`:          "",
		`{"gateway":"a1","uses":null}`:        "",
		`{"gateway":"a1","uses":[],"new":1}`:  "", // of a newer gateway
		``:                                    "can't be decoded",
		`[]`:                                  "can't be decoded",
		`{"gateway":"a1","uses":[{"number":1`: "can't be decoded",
		`{"gateway":"a1","uses":[{"number":1e40}]}`:                                                                "can't be decoded",
		`{"gateway":"","uses":[]}`:                                                                                 `gateway is ""`,
		`{"gateway":"a b","uses":[]}`:                                                                              `gateway is "a b"`,
		`{"gateway":"` + strings.Repeat("a", 33) + `"}`:                                                            "1 to 32 letters and digits",
		`{"gateway":"a","uses":[` + strings.Repeat("{},", MaxUses) + `{}]}`:                                        "uses has more than 1000 entries",
		`{"gateway":"a","uses":[],"uses":[]}`:                                                                      "uses is there twice",
		`{"gateway":"a","uses":[{"refusals":[{}],"refusals":[{}]}]}`:                                               "refusals is there twice",
		`{"gateway":"a","uses":{}}`:                                                                                "uses is {; a list is needed",
		`{"gateway":"a","uses":[{},{"userAgent":"` + strings.Repeat("a", 3*MaxUseBytes) + `"}]}`:                   "uses[1], or another value, is longer than 4096",
		`{"gateway":"` + strings.Repeat("a", 3*MaxUseBytes) + `","uses":[]}`:                                       "longer than 4096",
		`{"gateway":"a","new":` + strings.Repeat(" ", 3*MaxUseBytes) + `1}`:                                        "longer than 4096",
		`{"gateway":"a","uses":[` + strings.Repeat(`{"userAgent":"`+strings.Repeat("a", 2000)+`"},`, 999) + `{}]}`: "longer than 1048576",
	} {
		_, err := ReadReport(strings.NewReader(text))
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: want %q, have %.200v", text, says, err)
		}
	}
}

func FuzzReadReport(f *testing.F) {
	f.Add(`{"gateway":"a1","uses":[{"token":"x","number":1,"lastUsed":1,"address":"::1","userAgent":"a","refusals":[{"reason":"a","count":1}]}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		report, err := ReadReport(strings.NewReader(text))
		if err != nil {
			return
		}
		for i := range report.Uses {
			u := &report.Uses[i]
			if u.Clean(Precision{Times: "Minute", Addresses: "Full", UserAgents: "Full"}, noon) != nil {
				continue
			}
			if u.LastUsed > noon.Unix() || len(u.Address) > 64 || len(u.UserAgent) > maxUserAgent || u.Requests < 0 {
				t.Errorf("%+v", u)
			}
		}
	})
}
