// SPDX-License-Identifier: Apache-2.0

package review

import (
	"errors"
	"fmt"
	"slices"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// Errors of what is judged, rather than answers.
var (
	// ErrPolicy is what an error of a policy that can't be used wraps: it permits nothing.
	ErrPolicy = errors.New("the policy can't be used, so it permits nothing")
	// ErrToken is what an error of a token that can't be used wraps.
	ErrToken = errors.New("such a token can't be issued")
)

// judgement is what internal/policy says.
type judgement struct {
	request  *policy.Request
	decision policy.Decision
	rules    []policy.RuleAnswer
}

func (f *Facts) judge(p *v1alpha1.TokenPolicy) (*judgement, error) {
	compiled, err := policy.Compile(p, f.Directory)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPolicy, err)
	}
	request, err := policy.NewRequest(f.Token, f.NamespaceLabels, p.Spec.Defaults, f.Now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrToken, err)
	}
	request.Requester, request.Now = f.Requester, f.Now
	request.Older = slices.Values(f.Older)
	return &judgement{request: request, decision: compiled.Evaluate(request), rules: compiled.Explain(request)}, nil
}

func answerOf(a policy.Answer) Answer {
	switch a {
	case policy.Yes:
		return Yes
	case policy.No:
		return No
	case policy.Unknown:
	}
	return Unknown
}

// verdictOf is what a verdict answers, and one word for it.
func verdictOf(v policy.Verdict) (answer Answer, reason string) {
	switch v {
	case policy.Permitted:
		return Yes, "Permitted"
	case policy.NotPermitted:
		return No, v1alpha1.ReasonNotPermitted
	case policy.Denied:
		return No, v1alpha1.ReasonDenied
	case policy.NamespaceNotAllowed:
		return No, v1alpha1.ReasonNamespaceNotAllowed
	case policy.HashTooOld:
		return No, v1alpha1.ReasonHashTooOld
	case policy.OwnerNotFound:
		return No, v1alpha1.ReasonOwnerNotFound
	case policy.OwnerInactive:
		return No, v1alpha1.ReasonOwnerInactive
	case policy.OwnerChanged:
		return No, v1alpha1.ReasonOwnerChanged
	case policy.RequesterUnknown:
		return Unknown, v1alpha1.ReasonRequesterUnknown
	case policy.DirectoryPending:
		return Unknown, v1alpha1.ReasonDirectoryPending
	case policy.PlacePending:
		return Unknown, v1alpha1.ReasonPlacePending
	}
	return Unknown, "Unknown"
}
