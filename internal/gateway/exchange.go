// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gateway/inflight"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// exchange is one request on its way: what the steps found out, for the steps after them and for the account.
type exchange struct {
	request  Request
	settings *Settings
	start    time.Time

	address    netip.Addr
	segments   []string
	credential credential
	record     grant.Record
	known      bool            // the caller holds the token of record
	personal   personalVerdict // about a credential that is no token; nothing if the policy speaks of tokens only
	operation  scope.Operation
	rate       rateStatus  // what the token's rate limit leaves
	header     http.Header // for Jira
	outgoing   impersonate.Outgoing

	body *timedBody // nil: the request has none

	admitted         bool           // it has a place among the requests in flight …
	party            inflight.Party // … as one of this party's
	admittedToken    string         // likewise among its token's, by UID; empty: none
	admittedPersonal bool           // likewise among those without a token of ours
	reserved         bool           // its audit line has room

	forwarded      bool
	upstream       time.Duration // until Jira's headers were there
	upstreamStatus int
	jiraRequestID  string
	jiraUser       string
	loginReason    []string // of Jira's answer to a personal credential

	refusal *Refusal // nil: Jira's answer went to the client
}

type exchangeKey struct{}

func withExchange(ctx context.Context, x *exchange) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}
