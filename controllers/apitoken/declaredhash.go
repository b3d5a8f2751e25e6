// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// declaredHash is the hash of a token that was made elsewhere; nil: the ApiToken declares none.
func declaredHash(spec *v1alpha1.ApiTokenSpec) (*token.Hash, error) {
	if spec.TokenHash == "" {
		return nil, nil //nolint:nilnil // none is a result, not an error
	}
	hash, err := token.ParseHash(string(spec.TokenHash))
	if err == nil && hash == (token.Hash{}) {
		err = errors.New("hash can't be all zeros")
	}
	if err != nil {
		return nil, fmt.Errorf("spec.tokenHash: %w", err)
	}
	return &hash, nil
}

// acceptance is what an ApiToken's annotation says of the hash that had a credential last: the credential's id, which is
// derived from the hash, and the number of its slot.
type acceptance struct {
	id   string
	slot int // -1: none had one
}

func acceptanceOf(t *v1alpha1.ApiToken) acceptance {
	id, name, _ := strings.Cut(t.Annotations[annotationAccepted], " ")
	number, ok := slotNumber(name, t.UID)
	if !ok || number > mostNamed { // also if it was copied from another ApiToken
		return acceptance{slot: -1}
	}
	return acceptance{id: id, slot: number}
}

func formatAcceptance(t *v1alpha1.ApiToken, s *slot) string {
	return s.credential.ID + " " + slotName(t.UID, s.number)
}

// isAccepted tells whether a slot of an ApiToken that declares a hash may be in force: it has that very hash, and the
// annotation says so.
func isAccepted(t *v1alpha1.ApiToken, s *slot) bool {
	hash, err := declaredHash(&t.Spec)
	return err == nil && hash != nil && s.credential.Hash == *hash && t.Annotations[annotationAccepted] == formatAcceptance(t, s)
}

// hashState is how things stand with the hash that a token declares.
type hashState struct {
	// ended: it had a credential, which is gone: somebody deleted that to end the token.
	ended bool
	// taken: it belongs to another ApiToken.
	taken bool
	// shared: it is this one's, but another credential has it still.
	shared bool
}

// lost: the token can't have a credential, so it must not keep one either.
func (h *hashState) lost() bool { return h != nil && (h.ended || h.taken) }

// checkHash tells whether a token may have the credential of the hash that it declares, if it declares one.
func (v *verdict) checkHash(h *hashState) bool {
	switch {
	case h == nil:
		return true
	case h.ended:
		v.refuse(v1alpha1.ReasonHashRevoked, "the hash Secret of this spec.tokenHash was deleted, which ends that token for good: "+
			"make another token and declare its hash")
	case h.taken:
		v.refuse(v1alpha1.ReasonHashTaken, "this spec.tokenHash is declared by another ApiToken of the policy, or is that of a token "+
			"which was issued to one: make another token and declare its hash")
	case h.shared:
		v.wait(v1alpha1.ReasonHashPending, "another credential with this spec.tokenHash is being ended; the token works once that "+
			"is gone")
		v.blockedReason = notInForce
	default:
		return true
	}
	return false
}
