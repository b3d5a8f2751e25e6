// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"crypto/hmac"
	"time"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// tolerance is how far the time of a stamp may lie from the creation of an object that was stamped when it was created:
// the API server's clock and the time that a request takes.
const tolerance = time.Minute

// VerifyToken tells who asked for what an ApiToken says. The error is one of this package's; without a requester it is
// never nil.
func (r *Ring) VerifyToken(t *v1alpha1.ApiToken) (*grant.Requester, error) {
	object := OfToken(t)
	return r.verify(t.Annotations[v1alpha1.AnnotationRequestedBy], &object)
}

// VerifyApproval tells who made a TokenApproval, in the same way.
func (r *Ring) VerifyApproval(a *v1alpha1.TokenApproval) (*grant.Requester, error) {
	object := OfApproval(a)
	return r.verify(a.Annotations[v1alpha1.AnnotationRequestedBy], &object)
}

func (r *Ring) verify(annotation string, object *Object) (*grant.Requester, error) {
	s, err := r.Open(annotation)
	if err != nil {
		return nil, err
	}
	if err := s.isFor(object); err != nil {
		return nil, err
	}
	return &s.Requester, nil
}

// Open reads an annotation and checks that the operator signed it: ErrMissing or ErrForged. Whether it is about the
// object that it was found on is still to be asked.
func (r *Ring) Open(annotation string) (*Stamp, error) {
	if annotation == "" {
		return nil, ErrMissing
	}
	p, ok := split(annotation)
	if !ok || r.Len() == 0 || r.keys[p.keyID] == nil || !hmac.Equal(p.mac, r.mac(p.keyID, p.signed)) {
		return nil, ErrForged
	}
	s, ok := decode(p.content)
	if !ok {
		return nil, ErrForged
	}
	return s, nil
}

// Names tells whether the stamp was made for an object of this kind, namespace and name; perhaps for an earlier one.
func (s *Stamp) Names(o *Object) bool {
	return s.Object.Kind == o.Kind && s.Object.Namespace == o.Namespace && s.Object.Name == o.Name
}

func (s *Stamp) isFor(o *Object) error {
	switch {
	case !s.Names(o), s.Object.UID != "" && s.Object.UID != o.UID:
		return ErrOtherObject
	case s.Object.Digest == "" || s.Object.Digest != o.Digest:
		return ErrChanged
	case s.Object.UID == "" && s.At.Sub(o.CreatedAt).Abs() > tolerance:
		return ErrTime
	}
	return nil
}
