// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"reflect"
	"testing"
	"time"
)

func fullNotes() *Notes {
	at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	return &Notes{
		OwnerKey:  "JIRAUSER10100",
		Requester: &Declared{Requester: Requester{User: "oidc:alice", UID: "u1", Groups: []string{"a", "b"}}, Digest: "sha256:d"},
		Approved:  &Approved{Digest: "sha256:a", Grant: sample(1).Grant, ExpiresAt: &at},
	}
}

func TestNotesRoundTrip(t *testing.T) {
	for _, want := range []*Notes{{}, {OwnerKey: "JIRAUSER10100"}, fullNotes()} {
		data, err := EncodeNotes(want)
		if err != nil {
			t.Fatal(err)
		}
		if got := DecodeNotes(data); !reflect.DeepEqual(&got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// Notes that can't be read say nothing, not even what came before the damage.
func TestNotesThatCanNotBeRead(t *testing.T) {
	good, err := EncodeNotes(fullNotes())
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"nothing":        "",
		"truncated":      string(good[:len(good)-1]),
		"something more": string(good) + "{}",
		"null":           "null",
		"no object":      `["ownerKey"]`,
		"wrong type":     `{"ownerKey":"JIRAUSER10100","requester":"alice"}`,
		"damaged range":  `{"ownerKey":"JIRAUSER10100","approved":{"grant":{"sourceRanges":["10.0.0.0/99"]}}}`,
	} {
		if got := DecodeNotes([]byte(data)); !reflect.DeepEqual(got, Notes{}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := DecodeNotes(nil); !reflect.DeepEqual(got, Notes{}) {
		t.Errorf("none: %+v", got)
	}
}
