// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// approvals admits TokenApprovals.
type approvals struct {
	decoder admission.Decoder
	stamper stamper
	reader  client.Reader
	trail   audittrail.Recorder
}

func (h *approvals) handle(ctx context.Context, request *admission.Request) (answer admission.Response, done outcome) {
	approval, old := &v1alpha1.TokenApproval{}, &v1alpha1.TokenApproval{}
	if !decode(h.decoder, request, approval, old) || !concerns(request, approval, old) {
		return admission.Allowed(""), outcomeIgnored
	}
	edits := &patch{}
	edits.nameObject(approval)
	c := approvalClaim(approval, old, request)
	defer func() {
		if recorded(request, c, done) {
			h.trail.Record(approvalEntry(request, approval, done, said(&answer)))
		}
	}()
	annotation, ring, err := h.stamper.apply(ctx, c, nil)
	switch {
	case errors.Is(err, errForged):
		return admission.Denied(err.Error()), outcomeForged
	case err != nil:
		log.FromContext(ctx).Error(err, "a TokenApproval can't be stamped")
		return admission.Errored(http.StatusInternalServerError, errCanNotStamp), outcomeError
	}
	edits.annotate(approval, annotation)
	answer, done = admission.Allowed(""), outcomeKept
	if c.asksAnew {
		answer, done = h.judge(ctx, ring, approval, c.user.User)
	}
	if answer.Allowed {
		answer.Patches = edits.operations
	}
	return answer, done
}

// approvalClaim: a TokenApproval can't be changed, so only who creates it asks.
func approvalClaim(approval, old *v1alpha1.TokenApproval, request *admission.Request) *claim {
	c := &claim{
		proposed: approval.Annotations[v1alpha1.AnnotationRequestedBy],
		object:   stamp.OfApproval(approval), user: requester(&request.UserInfo),
		asksAnew: request.Operation == admissionv1.Create,
	}
	c.object.UID = ""
	if !c.asksAnew {
		c.object.UID = old.UID
		c.old = old.Annotations[v1alpha1.AnnotationRequestedBy]
	}
	return c
}

// judge denies an approval by whoever declared the token, and warns of one that counts for nothing. Who declared it is
// checked again whenever the approval is used.
func (h *approvals) judge(
	ctx context.Context, ring *stamp.Ring, approval *v1alpha1.TokenApproval, user string,
) (admission.Response, outcome) {
	spec := &approval.Spec
	name := types.NamespacedName{Namespace: string(spec.APIToken.Namespace), Name: spec.APIToken.Name}
	var token v1alpha1.ApiToken
	err := h.reader.Get(ctx, name, &token)
	switch {
	case apierrors.IsNotFound(err):
		return warned("There is no ApiToken %s: this TokenApproval counts for nothing.", name)
	case err != nil:
		log.FromContext(ctx).Error(err, "the ApiToken of a TokenApproval can't be read")
		return admission.Allowed(""), outcomeUndecided
	case string(token.UID) != spec.APIToken.UID:
		return warned("The ApiToken %s has the UID %s, not the one in spec.apiToken.uid: it was created again, or the UID is "+
			"mistyped. This TokenApproval counts for nothing.", name, token.UID)
	case string(token.Spec.PolicyRef.Namespace) != approval.Namespace:
		return warned("The policy of the ApiToken %s is in namespace %s: create the TokenApproval there. This one counts for "+
			"nothing.", name, token.Spec.PolicyRef.Namespace)
	}
	if declarer, err := ring.VerifyToken(&token); err == nil && declarer.User == user && spec.Decision == v1alpha1.DecisionApprove {
		return admission.Denied(fmt.Sprintf("%s declared the ApiToken %s: somebody else has to approve it", user, name)), outcomeDenied
	}
	if g := token.Status.Grant; g == nil || g.Digest != spec.GrantDigest {
		return warned("The ApiToken %s has another grant by now than spec.grantDigest says: compare it with its "+
			"status.grant. This TokenApproval counts for nothing unless the token is to do less than was approved.", name)
	}
	return admission.Allowed(""), outcomeAdmitted
}

func warned(format string, arguments ...any) (admission.Response, outcome) {
	return admission.Allowed("").WithWarnings(warnings(fmt.Sprintf(format, arguments...))...), outcomeWarned
}
