// SPDX-License-Identifier: Apache-2.0

// Package stamp is how the operator remembers who asked for what an object says: the webhook, which sees the
// authenticated user, writes a signed statement into the annotation jiratokens.io/requested-by, and whoever decides
// later believes it only if it was made for this very object and for what the object says now.
//
// A stamp is evidence, not a secret: whoever may read the object may read who asked. Only the keys are secret.
package stamp

import (
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// The kinds of objects that are stamped.
const (
	KindToken    = "ApiToken"
	KindApproval = "TokenApproval"
)

// Why a stamp is not believed. The texts go on from "the ApiToken" or "the TokenApproval".
var (
	// ErrMissing: there is none.
	ErrMissing = errors.New("has no stamp of who declared it, as the operator's webhook gives")
	// ErrForged: it was not signed with a key of the operator's that is still in use, or is damaged.
	ErrForged = errors.New("has a stamp that is not signed with one of the operator's present keys")
	// ErrOtherObject: it was made for another object.
	ErrOtherObject = errors.New("has a stamp that was made for another object")
	// ErrChanged: it was made for another content.
	ErrChanged = errors.New("was changed since it was stamped, without the operator's webhook")
	// ErrTime: it was made at another time than the object.
	ErrTime = errors.New("has a stamp of another time than its creation: it was copied, or the operator's clock is wrong")
)

// Stamp says who asked for what an object says.
type Stamp struct {
	// Requester is who asked.
	Requester grant.Requester
	// At is when, to the second.
	At time.Time
	// Object is what they asked for. Its UID is empty in a stamp made at the object's creation; its time is not part of
	// the stamp.
	Object Object
}

// Object is what a stamp binds to.
type Object struct {
	Kind, Namespace, Name string
	UID                   types.UID
	// Digest is that of the content that is judged.
	Digest string
	// CreatedAt is when the object was created; zero: it is not yet.
	CreatedAt time.Time
}

// OfToken is an ApiToken as a stamp sees it.
func OfToken(t *v1alpha1.ApiToken) Object {
	return Object{
		Kind: KindToken, Namespace: t.Namespace, Name: t.Name, UID: t.UID,
		Digest: DigestOf(&t.Spec), CreatedAt: t.CreationTimestamp.Time,
	}
}

// OfApproval is a TokenApproval as a stamp sees it.
func OfApproval(a *v1alpha1.TokenApproval) Object {
	return Object{
		Kind: KindApproval, Namespace: a.Namespace, Name: a.Name, UID: a.UID,
		Digest: digestOfApproval(&a.Spec), CreatedAt: a.CreationTimestamp.Time,
	}
}
