// SPDX-License-Identifier: Apache-2.0

package list

import (
	"strings"
	"testing"
)

func TestCredentialID(t *testing.T) {
	const id = "V9I3y63coK7P"
	secret := strings.Repeat("s3cr3t", 6) + "xy"
	for text, want := range map[string]string{"": "", id: id, "jat_" + id: id, "own-nbiFHZYZ": "own-nbiFHZYZ"} {
		if have, err := credentialID(text); err != nil || have != want {
			t.Errorf("%s: %q, %v", text, have, err)
		}
	}
	for text, says := range map[string]string{
		"jat_" + id + "_" + secret: "more of a token than its id", "jat_" + id + "_[redacted]": "more of a token than its id",
		id + "_" + secret: "is 51 characters long", "zapier": `is "zapier": the id is needed`, id + "x": "the id is needed",
		"V9I3y63co-7P": "the id is needed", "own-nbiFHZY": "the id is needed", "jat_": "the id is needed",
	} {
		_, err := credentialID(text)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestKnownReasons(t *testing.T) {
	have, err := knownReasons([]string{"approvalrequired", "Expired"})
	if err != nil || strings.Join(have, " ") != "ApprovalRequired Expired" {
		t.Error(have, err)
	}
	if _, err := knownReasons([]string{"Aproved"}); err == nil || !strings.Contains(err.Error(), `--reason is "Aproved"; one or more of ApprovalDenied, `) {
		t.Error(err)
	}
}
