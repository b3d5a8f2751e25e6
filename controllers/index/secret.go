// SPDX-License-Identifier: Apache-2.0

package index

import (
	"bytes"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// OwnerTokenSecretByOwner finds the Secrets with an owner's Jira personal access token, given as OwnerTokenKey. More
// than one are found where an administrator labelled more than one, or labelled one for another policy.
const OwnerTokenSecretByOwner = "jiratokens.io/owner-token-secret-by-owner"

// KeyOwner is the key of such a Secret that names the owner.
const KeyOwner = "owner"

// OwnerTokenKey is the value of OwnerTokenSecretByOwner for one owner in a policy's namespace.
func OwnerTokenKey(policyNamespace, owner string) string {
	return policyNamespace + "/" + grant.FoldUser(owner)
}

// OwnerOfTokenSecret is the Jira user whose personal access token a Secret holds, as the gateway reads it; ok is false
// if it is no such Secret.
func OwnerOfTokenSecret(secret *corev1.Secret) (owner string, ok bool) {
	if secret.Labels[v1alpha1.LabelPolicy] == "" || secret.Labels[v1alpha1.LabelCredential] != v1alpha1.CredentialOwnerToken {
		return "", false
	}
	owner = string(bytes.TrimSpace(secret.Data[KeyOwner]))
	return owner, owner != ""
}

func ownerTokenKeys(o client.Object) []string {
	secret, isSecret := o.(*corev1.Secret)
	if !isSecret {
		return nil
	}
	owner, ok := OwnerOfTokenSecret(secret)
	if !ok {
		return nil
	}
	return []string{OwnerTokenKey(secret.Namespace, owner)}
}
