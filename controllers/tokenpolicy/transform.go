// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
)

// TransformSecret is for the manager's cache: it takes the values out of the Secrets that are not the operator's own,
// such as Jira's personal access tokens and private keys. Their events are needed and their names; what is in them is
// read live, checked and forgotten. Whose an owner's token is stays: a user name is no secret, and it is looked up.
func TransformSecret(in any) (any, error) {
	secret, ok := in.(*corev1.Secret)
	if !ok || secret.Labels[v1alpha1.LabelPolicy] == "" || madeByOperator(secret) {
		return in, nil
	}
	_, named := index.OwnerOfTokenSecret(secret)
	for key := range secret.Data {
		if !named || key != index.KeyOwner {
			secret.Data[key] = nil
		}
	}
	return in, nil
}
