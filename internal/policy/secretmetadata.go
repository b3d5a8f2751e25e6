// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// keyPatterns are keys of labels or annotations, or beginnings of such followed by a `*`.
type keyPatterns []string

func compileKeyPatterns(list []v1alpha1.MetadataKeyPattern) keyPatterns {
	compiled := make(keyPatterns, len(list))
	for i, p := range list {
		compiled[i] = string(p)
	}
	return compiled
}

func (p keyPatterns) match(key string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool {
		beginning, open := strings.CutSuffix(pattern, "*")
		return key == pattern || (open && strings.HasPrefix(key, beginning))
	})
}

// String lists what is allowed.
func (p keyPatterns) String() string {
	if len(p) == 0 {
		return "none"
	}
	return strings.Join(p, ", ")
}

func (l *limits) checkSecretMetadata(r *Request, f *findings) {
	checkKeys("spec.secret.labels", "secretLabels", r.SecretLabels, l.secretLabels, f)
	checkKeys("spec.secret.annotations", "secretAnnotations", r.SecretAnnotations, l.secretAnnotations, f)
}

func checkKeys(field, limit string, keys []string, allowed keyPatterns, f *findings) {
	for _, key := range keys {
		switch {
		case reservedKey(key):
			f.refuse("%s: %q is refused whatever the rule: by such keys GitOps tools, replicators and the like know what to delete, "+
				"overwrite or copy; take it out", field, key)
		case !allowed.match(key):
			f.refuse("%s: %q is not among the keys that it allows (%s; its limits.%s): take it out", field, key, allowed, limit)
		}
	}
}
