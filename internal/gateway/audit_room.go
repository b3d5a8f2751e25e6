// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/precision"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// auditSettings are what a policy says of audit lines.
type auditSettings struct {
	privacy privacy
	// refuse keeps what would change something from Jira while its line could not be written.
	refuse bool
}

func compileAudit(c *gatewayconfig.Audit) auditSettings {
	if c == nil {
		c = &gatewayconfig.Audit{}
	}
	return auditSettings{
		privacy: privacy{orFull(c.Addresses), orFull(c.UserAgents)},
		refuse:  !c.DropOnOverflow,
	}
}

func orFull(kept string) string {
	if kept == "" {
		return precision.Full
	}
	return kept
}

// reserveLine makes sure that the line of a request that would change something has room, before the request goes to Jira.
// What only reads goes on without; its line waits for room when it is over, and is dropped in the end.
func (h *Handler) reserveLine(x *exchange) *Refusal {
	if !x.settings.audit.refuse || !changes(x) {
		return nil
	}
	if x.reserved = h.audit.reserve(); x.reserved {
		return nil
	}
	return &Refusal{
		Status: http.StatusServiceUnavailable, Reason: reasonAudit, RetryAfter: overloadRetryAfter,
		Message: "the gateway can't write its audit log just now, and the policy lets nothing be changed without it " +
			"(gateway.audit.onOverflow); try again",
	}
}

// changes tells whether a request could change something: by what the scope read covers, and by its method where no token
// could make it.
func changes(x *exchange) bool {
	operation := x.operation
	if x.personal.class != "" {
		operation = x.settings.classify(x.request.Method, x.segments, x.request.RawQuery)
	}
	if operation.Access == scope.Scoped {
		return !scope.Read.Contains(operation.Need)
	}
	switch x.request.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}
