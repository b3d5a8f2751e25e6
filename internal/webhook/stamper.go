// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	"k8s.io/utils/clock"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// errForged is what a request with a foreign stamp is denied with.
var errForged = errors.New("the annotation " + v1alpha1.AnnotationRequestedBy +
	" is written by the operator alone, and this value is not one that it wrote for this object: " +
	"remove the annotation from the manifest; the operator sets it to the user who applies it")

type stamper struct {
	keys  Keys
	clock clock.PassiveClock
}

// apply gives the annotation that the object is to have; empty: none. The error is errForged, or says why the operator
// can't tell now. named are the groups to be kept first.
func (s *stamper) apply(ctx context.Context, c *claim, named []string) (annotation string, ring *stamp.Ring, err error) {
	ring, err = s.keys.Ring(ctx)
	if err != nil {
		return "", nil, err
	}
	switch {
	case c.forged(ring):
		return "", nil, errForged
	case !c.asksAnew:
		return c.kept(ring), ring, nil
	}
	user := c.user
	user.Groups = stamp.BoundGroups(user.Groups, named)
	annotation, err = ring.Sign(&stamp.Stamp{Requester: user, At: s.clock.Now(), Object: c.object})
	if err != nil {
		return "", nil, fmt.Errorf("sign who asked: %w", err)
	}
	return annotation, ring, nil
}

func requester(user *authenticationv1.UserInfo) grant.Requester {
	return grant.Requester{User: user.Username, UID: user.UID, Groups: user.Groups}
}
