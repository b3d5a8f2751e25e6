// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// NotesKey is the key of a hash Secret's data that holds the manager's own notes. The gateway does not read it, so that
// a new note needs no new gateway.
const NotesKey = "notes.json"

// Notes are what the manager remembers of a token beside what the gateway needs. They only ever take away: a note that
// is lost or can't be read makes a token wait or ask again, but for EndedHashes.
type Notes struct {
	// OwnerKey is the key of the Jira user whom the owner's name meant when it was first looked up; empty: never was.
	OwnerKey string `json:"ownerKey,omitempty"`
	// Requester is who declared the token, with the digest of what they declared; nil: not known.
	Requester *Declared `json:"requester,omitempty"`
	// Approved is what was last approved; nil: nothing was.
	Approved *Approved `json:"approved,omitempty"`
	// RotationHandled is the last value of the ApiToken's annotation by which somebody asked for another credential, or a
	// digest of it: that credential, or an earlier one, was made after it.
	RotationHandled string `json:"rotationHandled,omitempty"`
	// EndedHashes are the derived ids of hashes that the policy's revokeIssuedBefore has ended for this token.
	EndedHashes []string `json:"endedHashes,omitempty"`
	// Succession says whose place this credential takes; nil: nobody's, and whatever there was before has ended.
	Succession *Succession `json:"succession,omitempty"`
}

// Succession is how one credential takes the place of others that may be accepted beside it for a while.
type Succession struct {
	// Cause is why, as in events and metrics.
	Cause string `json:"cause"`
	// Slots are the numbers of the hash Secrets that may stay until they retire, the directly replaced one last.
	Slots []int `json:"slots"`
}

// Declared is a requester and the digest of the fields that they declared.
type Declared struct {
	Requester

	Digest string `json:"digest"`
}

// Approved is a grant that was approved, so that less than it needs no other approval.
type Approved struct {
	Digest    string     `json:"digest"`
	Grant     Grant      `json:"grant"`
	ExpiresAt *time.Time `json:"expiresAt,omitempty"`
	// Approval is the UID of the TokenApproval, and Approver who made it.
	Approval types.UID  `json:"approval,omitempty"`
	Approver *Requester `json:"approver,omitempty"`
}

// EncodeNotes writes notes for a hash Secret.
func EncodeNotes(n *Notes) ([]byte, error) {
	data, err := json.Marshal(n)
	if err != nil {
		return nil, fmt.Errorf("encode notes: %w", err)
	}
	return data, nil
}

// DecodeNotes reads them; what can't be read is not known.
func DecodeNotes(data []byte) Notes {
	var n Notes
	if json.Unmarshal(data, &n) != nil {
		return Notes{}
	}
	return n
}
