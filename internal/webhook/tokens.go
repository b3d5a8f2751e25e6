// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// tokens admits ApiTokens.
type tokens struct {
	decoder admission.Decoder
	stamper stamper
	decider Decider
	trail   audittrail.Recorder
}

func (h *tokens) handle(ctx context.Context, request *admission.Request) (answer admission.Response, done outcome) {
	token, old := &v1alpha1.ApiToken{}, &v1alpha1.ApiToken{}
	if !decode(h.decoder, request, token, old) || !concerns(request, token, old) {
		return admission.Allowed(""), outcomeIgnored
	}
	if request.Operation == admissionv1.Create {
		old = nil
	}
	edits := &patch{}
	edits.nameObject(token)
	c := tokenClaim(token, old, request)
	defer func() {
		if recorded(request, c, done) {
			h.trail.Record(tokenEntry(request, token, done, said(&answer)))
		}
	}()
	annotation, ring, err := h.stamper.apply(ctx, c, h.decider.NamedGroups(ctx, token))
	switch {
	case errors.Is(err, errForged):
		return admission.Denied(err.Error()), outcomeForged
	case err != nil:
		log.FromContext(ctx).Error(err, "an ApiToken can't be stamped")
		return admission.Errored(http.StatusInternalServerError, errCanNotStamp), outcomeError
	}
	edits.annotate(token, annotation)
	answer, done = h.decide(ctx, request, token, old, h.requester(ring, token, old, c))
	if answer.Allowed {
		answer.Patches = edits.operations
	}
	if done == outcomeAdmitted && !c.asksAnew {
		done = outcomeKept
	}
	return answer, done
}

// tokenClaim: whoever changes what a token asks for, or the annotation that is there to take it over, asks anew.
func tokenClaim(token, old *v1alpha1.ApiToken, request *admission.Request) *claim {
	c := &claim{
		proposed: token.Annotations[v1alpha1.AnnotationRequestedBy],
		object:   stamp.OfToken(token), user: requester(&request.UserInfo), asksAnew: true,
	}
	c.object.UID = ""
	if old != nil {
		c.object.UID = old.UID
		c.old = old.Annotations[v1alpha1.AnnotationRequestedBy]
		takenOver := token.Annotations[v1alpha1.AnnotationRequest]
		c.asksAnew = c.object.Digest != stamp.DigestOf(&old.Spec) ||
			(takenOver != "" && takenOver != old.Annotations[v1alpha1.AnnotationRequest])
	}
	return c
}
