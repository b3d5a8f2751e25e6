// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"reflect"
	"strings"
	"testing"
)

// TestRateLimitStoreTravels: what was written is read, and without it nothing is written of it.
func TestRateLimitStoreTravels(t *testing.T) {
	c := base()
	c.RateLimitStore = &RateLimitStore{
		Address: "valkey:6379", SecretName: "valkey", TLS: &RateLimitStoreTLS{CA: &KeyRef{Name: "ca", Key: "ca.crt"}},
	}
	data, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Decode(data); err != nil || !reflect.DeepEqual(got.RateLimitStore, c.RateLimitStore) {
		t.Errorf("%+v %v", got, err)
	}
	if data, err = Encode(base()); err != nil || strings.Contains(string(data), "tore\"") {
		t.Errorf("%s %v", data, err)
	}
	for _, address := range []string{"", "valkey", ":6379", "valkey:", "::1:6379"} {
		c.RateLimitStore.Address = address
		if _, err := Encode(c); err == nil || !strings.Contains(err.Error(), `rateLimitStore.address "`+address+`"`) {
			t.Errorf("%q: %v", address, err)
		}
	}
}
