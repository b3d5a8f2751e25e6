// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func base() *Config {
	return &Config{
		Policy:        Policy{UID: "uid"},
		Jira:          Jira{URL: "https://a", BaseURL: "https://a", PublicURL: "https://a"},
		Impersonation: Impersonation{OwnerTokens: &OwnerTokens{}}, MaxStaleness: metav1.Duration{Duration: time.Hour},
	}
}

// TestPersonalTravels: what was written is read, and without it nothing is written of it.
func TestPersonalTravels(t *testing.T) {
	until := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	c := base()
	c.FrontDoor, c.Personal = true, &Personal{
		Classes: []PersonalClass{{Class: "basic", Action: ActionDeny, Audit: true}, {Class: "session", Action: ActionBrowserOnly}},
		Exempt: []Exemption{{
			Paths: []string{"/rest/ical/**"}, SourceRanges: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, Users: []string{"a"}, Until: &until,
		}},
	}
	data, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(data); err != nil || !got.FrontDoor || !reflect.DeepEqual(got.Personal, c.Personal) {
		t.Errorf("%+v %v", got, err)
	}
	if data, err = Encode(base()); err != nil || strings.Contains(string(data), "ersonal") || strings.Contains(string(data), "frontDoor") {
		t.Errorf("%s %v", data, err)
	}
}

// TestPersonalThatIsNotUnderstoodIsRefused: the gateway keeps the last good configuration.
func TestPersonalThatIsNotUnderstoodIsRefused(t *testing.T) {
	for personal, says := range map[string]string{
		`{"classes":[{"class":"password","action":"Allow"}]}`:    `classes[0].class "password"`,
		`{"classes":[{"class":"basic","action":"BrowserOnly"}]}`: `classes[0].action "BrowserOnly", which basic can't have`,
		`{"classes":[{"class":"basic","action":""}]}`:            `classes[0].action ""`,
		`{"classes":[{"class":"basic","action":"Deny","x":1}]}`:  `unknown field "x"`,
		`{"exempt":[{}]}`:                   `exempt[0] without paths`,
		`{"exempt":[{"paths":["/**"]}]}`:    `exempt[0].paths with "/**"`,
		`{"exempt":[{"paths":["rest/x"]}]}`: `exempt[0].paths with "rest/x"`,
	} {
		data, err := Encode(base())
		if err != nil {
			t.Fatal(err)
		}
		data = []byte(strings.Replace(string(data), "{", `{"personal":`+personal+",", 1))
		if _, err := Decode(data); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", personal, err)
		}
	}
}
