// SPDX-License-Identifier: Apache-2.0

package index

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestOwnerTokenSecretsAreFoundByOwner(t *testing.T) {
	secret := func(owner string, labels ...string) *corev1.Secret {
		s := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Labels: map[string]string{}},
			Data:       map[string][]byte{"owner": []byte(owner)},
		}
		for i := 0; i < len(labels); i += 2 {
			s.Labels[labels[i]] = labels[i+1]
		}
		return s
	}
	const policy, credential, ownerToken = v1alpha1.LabelPolicy, v1alpha1.LabelCredential, v1alpha1.CredentialOwnerToken
	for name, c := range map[string]struct {
		secret *corev1.Secret
		want   []string
	}{
		"as the gateway reads it": {secret("Alice\n", policy, "jira", credential, ownerToken), []string{OwnerTokenKey("ns", "aLICE")}},
		"no owner":                {secret(" ", policy, "jira", credential, ownerToken), nil},
		"of no policy":            {secret("alice", credential, ownerToken), nil},
		"another credential":      {secret("alice", policy, "jira"), nil},
	} {
		if have := ownerTokenKeys(c.secret); !slices.Equal(have, c.want) {
			t.Errorf("%s: want %q, have %q", name, c.want, have)
		}
	}
}
