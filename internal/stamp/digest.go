// SPDX-License-Identifier: Apache-2.0

package stamp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// DigestOf identifies what an ApiToken asks for: sha256: and 64 hexadecimal digits. Everything in its spec counts but
// suspend, which only takes away and gives back. The order of scopes, sourceRanges and headers and the case of the owner do not
// matter. Lifetimes count as they are written: writing one differently declares it anew.
func DigestOf(spec *v1alpha1.ApiTokenSpec) string {
	judged := *spec
	judged.Suspend = false
	judged.Owner = v1alpha1.JiraUserName(grant.FoldUser(string(spec.Owner)))
	judged.Scopes = slices.Sorted(slices.Values(spec.Scopes))
	judged.SourceRanges = slices.Sorted(slices.Values(spec.SourceRanges))
	judged.Headers = slices.SortedFunc(slices.Values(spec.Headers), func(a, b v1alpha1.HeaderPattern) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Pattern, b.Pattern))
	})
	return digest(&judged)
}

func digestOfApproval(spec *v1alpha1.TokenApprovalSpec) string { return digest(spec) }

// digest relies on encoding/json to be canonical: fields in the order of their declaration, maps by key, times in UTC
// (metav1.Time writes them so). A field that is added to the API and not set changes no digest.
func digest(content any) string {
	encoded, err := json.Marshal(content)
	if err != nil {
		return "" // strings, numbers and times of API objects can always be encoded; an empty digest matches none
	}
	sum := sha256.Sum256(encoded)
	return "sha256:" + hex.EncodeToString(sum[:])
}
