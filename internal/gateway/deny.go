// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// denySet is the policy's deny list and its revokeIssuedBefore: a revocation whatever the grants say.
type denySet struct {
	owners     map[string]bool // folded
	namespaces map[string]bool
	tokens     map[string]map[string]bool // namespace, name
	// issuedBefore ends, once it has come, what was issued before it; in Unix seconds, 0: nothing.
	issuedBefore int64
}

func newDenySet(d *gatewayconfig.Deny) denySet {
	set := denySet{owners: map[string]bool{}, namespaces: map[string]bool{}, tokens: map[string]map[string]bool{}}
	for _, owner := range d.Owners {
		set.owners[grant.FoldUser(owner)] = true
	}
	for _, namespace := range d.Namespaces {
		set.namespaces[namespace] = true
	}
	for _, name := range d.Tokens {
		set.addToken(name)
	}
	if before := d.IssuedBefore; before != nil {
		set.issuedBefore = before.Unix()
	}
	return set
}

func (d *denySet) check(record *grant.Record, now time.Time) *Refusal {
	var what string
	switch {
	case d.issuedBefore != 0 && record.IssuedAt < d.issuedBefore && now.Unix() >= d.issuedBefore:
		return refuse(http.StatusUnauthorized, reasonDenied, "the token policy ended what was issued before "+
			time.Unix(d.issuedBefore, 0).UTC().Format(time.RFC3339)+"; read the Secret again")
	case len(d.owners) > 0 && d.owners[grant.FoldUser(record.Owner)]:
		what = "owner"
	case len(d.namespaces) > 0 && d.namespaces[record.Namespace]:
		what = "namespace"
	case len(d.tokens) > 0 && d.tokens[record.Namespace][record.Name]:
		what = "name"
	default:
		return nil
	}
	return refuse(http.StatusUnauthorized, reasonDenied, "the token policy denies this token by its "+what)
}

func (d *denySet) addToken(reference string) {
	namespace, name, _ := strings.Cut(reference, "/")
	if d.tokens[namespace] == nil {
		d.tokens[namespace] = map[string]bool{}
	}
	d.tokens[namespace][name] = true
}
