// SPDX-License-Identifier: Apache-2.0

// Package stored keeps what was read of Jira's groups and users in Secrets of the policy's namespace, where it survives a
// restart of the manager while Jira is away.
//
// One index Secret names the shards that belong together, with their checksums. Shards are never changed: what is new
// gets new ones, then the index names them, then the old ones go. So whenever the manager is killed, what can be read is
// whole, as it was before or after.
package stored

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// AnnotationContent is, on the index Secret, the digest of all that decisions depend on (directory.Snapshot.Content).
// While it stays the same no token needs to be looked at.
const AnnotationContent = "jiratokens.io/content"

const (
	component = "directory"

	keyIndex    = "index.json"
	keyChecksum = "checksum" // of keyIndex
	keyPeople   = "people.json.gz"
)

// IndexName is the name of a policy's index Secret.
func IndexName(policy string) string { return policy + "-directory" }

// IsIndex tells whether a Secret is the index of the policy that it is labelled for.
func IsIndex(secret *corev1.Secret) bool {
	return secret.Type == v1alpha1.SecretTypeDirectory && secret.Name == IndexName(secret.Labels[v1alpha1.LabelPolicy])
}

// index is the content of the index Secret.
type index struct {
	// Policy is the UID of the policy: what was read for a former one of the same name is not believed.
	Policy types.UID       `json:"policy"`
	Head   *directory.Head `json:"head"`
	// Shards are the names of the shards' Secrets.
	Shards []string `json:"shards"`
}

func (i *index) encode() ([]byte, error) {
	text, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("encode the directory's index: %w", err)
	}
	return text, nil
}

// decodeIndex believes a whole index of this policy only.
func decodeIndex(p *v1alpha1.TokenPolicy, secret *corev1.Secret) (*index, error) {
	text := secret.Data[keyIndex]
	if !isLabelled(p, secret) {
		return nil, fmt.Errorf("%w (label of the index)", directory.ErrDamaged)
	}
	if string(secret.Data[keyChecksum]) != checksum(text) {
		return nil, fmt.Errorf("%w (checksum of the index)", directory.ErrDamaged)
	}
	var i index
	if json.Unmarshal(text, &i) != nil || i.Head == nil || i.Policy != p.UID || len(i.Shards) != len(i.Head.Checksums) {
		return nil, fmt.Errorf("%w (index)", directory.ErrDamaged)
	}
	return &i, nil
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// newSecret builds a Secret of the policy's directory.
func newSecret(p *v1alpha1.TokenPolicy, name string, data map[string][]byte) *corev1.Secret {
	labels := resources.Labels(p.Name)
	labels[resources.LabelComponent] = component
	labels[v1alpha1.LabelPolicy] = p.Name
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: name, Labels: labels,
			OwnerReferences: []metav1.OwnerReference{
				*metav1.NewControllerRef(p, v1alpha1.GroupVersion.WithKind("TokenPolicy")),
			},
		},
		Type: v1alpha1.SecretTypeDirectory,
		Data: data,
	}
}

// isOf tells whether a Secret is the policy's own, made by us.
func isOf(p *v1alpha1.TokenPolicy, secret *corev1.Secret) bool {
	return secret.Type == v1alpha1.SecretTypeDirectory && metav1.IsControlledBy(secret, p)
}

// isLabelled: what lost its label is in no cache.
func isLabelled(p *v1alpha1.TokenPolicy, secret *corev1.Secret) bool {
	return secret.Labels[v1alpha1.LabelPolicy] == p.Name
}
