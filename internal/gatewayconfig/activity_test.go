// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"reflect"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// TestActivityTravels: what was written is read, and without it nothing is written of it.
func TestActivityTravels(t *testing.T) {
	c := base()
	good := Activity{
		URL: "https://manager.system.svc/activity", CA: "-----BEGIN CERTIFICATE-----\n", Times: precision.Hour,
		Addresses: precision.None, UserAgents: precision.Full,
	}
	c.Activity = &good
	data, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(data); err != nil || !reflect.DeepEqual(got.Activity, c.Activity) {
		t.Errorf("%+v %v", got, err)
	}
	if data, err = Encode(base()); err != nil || strings.Contains(string(data), "ctivity") {
		t.Errorf("%s %v", data, err)
	}
	for says, edit := range map[string]func(*Activity){
		`activity.url "http://manager"`: func(a *Activity) { a.URL = "http://manager" },
		`activity.url ""`:               func(a *Activity) { a.URL = "" },
		`activity.times "Second"`:       func(a *Activity) { a.Times = "Second" },
		`activity.addresses ""`:         func(a *Activity) { a.Addresses = "" },
		`activity.userAgents "All"`:     func(a *Activity) { a.UserAgents = "All" },
	} {
		bad := good
		edit(&bad)
		c.Activity = &bad
		if _, err := Encode(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want %s: %v", says, err)
		}
	}
}
