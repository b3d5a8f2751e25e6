// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// authorise is the second half of step 6: the limits of a grant.
func authorise(record *grant.Record, header http.Header, address netip.Addr, operation *scope.Operation) *Refusal {
	if record.Ranges.Len() > 0 && !address.IsValid() {
		return refuse(http.StatusForbidden, reasonAddress, "the token may be used from its source ranges only, and "+
			"the proxies' header (X-Forwarded-For, or what spec.gateway.clientAddressHeader names) has an entry that is no address")
	}
	if record.Ranges.Len() > 0 && !record.Ranges.Contains(address) {
		return refuse(http.StatusForbidden, reasonAddress, fmt.Sprintf(
			"the token may not be used from %s, only from its source ranges", address))
	}
	if name := record.Headers.Mismatch(header); name != "" {
		return refuse(http.StatusForbidden, reasonHeader, "the token may only be used with certain headers, and "+name+
			" is missing or has another value; see spec.headers of its ApiToken")
	}
	switch operation.Access {
	case scope.Never:
		return refuse(http.StatusForbidden, reasonNever, "no API token can reach this ("+operation.Name+
			"): it makes or changes credentials")
	case scope.Outside:
		return refuse(http.StatusForbidden, reasonNotRest, "API tokens reach Jira's REST API (/rest/…) and, with GET, "+
			"attachments, avatars and issue views; nothing else: this is "+operation.Name)
	case scope.Unlisted:
		return refuse(http.StatusForbidden, reasonUnlisted, "no API token can reach this, because it is "+operation.Name+
			" and the policy lets nothing else through (spec.scopes.unlisted: Deny)")
	case scope.Scoped:
	}
	if !record.Scopes.Contains(operation.Need) {
		return refuse(http.StatusForbidden, reasonScope, fmt.Sprintf("this request (%s) needs the scope %s; the token has only %s",
			operation.Name, wanted(operation.Need), strings.Join(record.Scopes.Names(), ", ")))
	}
	return nil
}

// wanted names the narrowest scope first: whoever reads it should ask for no more.
func wanted(need scope.Set) string {
	if coarse := need.Coarse(); coarse != need {
		return need.String() + " or " + coarse.String()
	}
	return need.String()
}
