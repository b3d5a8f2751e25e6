// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/apitoken"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/webhook"
)

// decider has the webhook say what the controller would do.
type decider struct{ *apitoken.Reconciler }

func (d *decider) Decide(ctx context.Context, token *v1alpha1.ApiToken, requester *grant.Requester) (webhook.Decision, error) {
	p, err := d.Preview(ctx, token, requester)
	out := webhook.Decision{Permitted: p.Permitted, Certain: p.Certain, Message: p.Message, Mode: p.Mode}
	if p.Dated {
		out.Lifetime = &webhook.Lifetime{DeclaredAt: p.DeclaredAt, ExpiresAt: p.ExpiresAt}
	}
	return out, err
}
