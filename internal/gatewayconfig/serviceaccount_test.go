// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"reflect"
	"strings"
	"testing"
)

// TestServiceAccountHasOneCredential, and one without oauth2 is written as before.
func TestServiceAccountHasOneCredential(t *testing.T) {
	encode := func(account *ServiceAccount) (string, error) {
		c := base()
		c.Impersonation = Impersonation{ServiceAccount: account}
		data, err := Encode(c)
		if err == nil {
			got, problem := Decode(data)
			if problem != nil || !reflect.DeepEqual(got.Impersonation, c.Impersonation) {
				t.Errorf("%+v %v", got, problem)
			}
		}
		return string(data), err
	}
	oauth2 := &OAuth2{SecretName: "s", Scope: "READ"}
	if data, err := encode(&ServiceAccount{Username: "a", SecretName: "s"}); err != nil ||
		!strings.Contains(data, `"serviceAccount":{"username":"a","secretName":"s"}`) {
		t.Errorf("%s %v", data, err)
	}
	if _, err := encode(&ServiceAccount{Username: "a", OAuth2: oauth2}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []*ServiceAccount{{Username: "a"}, {Username: "a", SecretName: "s", OAuth2: oauth2}} {
		if _, err := encode(wrong); err == nil || !strings.Contains(err.Error(), "exactly one is needed") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}
