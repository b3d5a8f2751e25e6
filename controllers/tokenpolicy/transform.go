// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/policysecret"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// TransformSecret is for the manager's cache: it takes the values out of the Secrets that are not the operator's own,
// such as Jira's personal access tokens and private keys. Their events are needed and their names; what is in them is
// read live, checked and forgotten. Whose an owner's token is stays, and until when: neither is a secret, and both are looked up.
func TransformSecret(in any) (any, error) {
	secret, ok := in.(*corev1.Secret)
	if !ok || secret.Labels[v1alpha1.LabelPolicy] == "" || policysecret.MadeByOperator(secret) {
		return in, nil
	}
	kept := map[string][]byte{}
	if owner, ok := index.OwnerOfTokenSecret(secret); ok && len(owner) <= maxOwner {
		kept[index.KeyOwner] = []byte(owner)
		if at := secret.Data[jirasecret.KeyExpiresAt]; len(at) <= maxExpiry {
			kept[jirasecret.KeyExpiresAt] = at
		}
	}
	policysecret.KeepOnly(secret, kept)
	secret.Annotations = nil
	return in, nil
}

// maxOwner bounds what is kept of a user name, as the API bounds an ApiToken's owner. Anybody may give Secrets of their
// namespace the label by which the cache selects.
const maxOwner = 255

// maxExpiry bounds what is kept of a time.
const maxExpiry = 64
