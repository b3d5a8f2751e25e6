// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// ambiguousOwners says for which owners there is more than one Jira token, and tells of it once per change. The gateway
// goes on with the first: that is no reason to stop every token of that owner.
func (r *Reconciler) ambiguousOwners(p *v1alpha1.TokenPolicy) (string, error) {
	text := ""
	if p.Spec.Impersonation.OwnerTokens != nil {
		secrets, err := r.secrets.ownerTokens(client.ObjectKeyFromObject(p))
		if err != nil {
			return "", err
		}
		text = ambiguity(secrets)
	}
	if r.known.set("ambiguous owners "+string(p.UID), text) && text != "" {
		r.event(p, ownerTokenAmbiguous(text))
	}
	return text, nil
}

// ambiguity is pure.
func ambiguity(secrets []*corev1.Secret) string {
	names := map[string][]string{}
	for _, secret := range secrets {
		if owner, ok := index.OwnerOfTokenSecret(secret); ok {
			owner = grant.FoldUser(owner)
			names[owner] = append(names[owner], secret.Name)
		}
	}
	maps.DeleteFunc(names, func(_ string, secrets []string) bool { return len(secrets) < 2 })
	parts := make([]string, 0, len(names))
	for _, owner := range slices.Sorted(maps.Keys(names)) {
		slices.Sort(names[owner])
		parts = append(parts, fmt.Sprintf("%q (Secrets %s)", owner, shortened(names[owner])))
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("there is more than one Jira token of owner %s: the first Secret by name that can be used counts; "+
		"delete the others", shortened(parts))
}

// shortened lists names for a message; there may be very many.
func shortened(names []string) string {
	list := strings.Join(names[:min(len(names), namesInMessage)], ", ")
	if len(names) > namesInMessage {
		list += ", …"
	}
	return list
}
