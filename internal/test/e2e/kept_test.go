// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// keptAndGuarded shows, while the operator is not there, that its chart has left what it is to leave, and that not even an
// administrator can add a credential, which the gateways would take.
func keptAndGuarded(t *testing.T) {
	t.Helper()
	for _, kept := range keptObjects {
		_, err := kubectl(t.Context(), "", "get", kept)
		must(t, err)
	}
	forged := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: policyNamespace, Name: "forged"}, Type: v1alpha1.SecretTypeTokenHash,
	}
	if err := kube.Create(t.Context(), forged, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("a credential could be written while the operator was gone: %v", err)
	}
}

// managerKeys are the Secrets that the manager keeps for itself, by name and UID, with a digest of what is in them.
func managerKeys(t *testing.T) (keys []string) {
	t.Helper()
	var secrets corev1.SecretList
	must(t, kube.List(t.Context(), &secrets, client.InNamespace(managerNamespace)))
	for i := range secrets.Items {
		s := &secrets.Items[i]
		if !strings.HasPrefix(string(s.Type), "jiratokens.io/") {
			continue // Helm's own, with the release
		}
		data, err := json.Marshal(s.Data)
		must(t, err)
		keys = append(keys, fmt.Sprintf("%s (%s, %.4x)", s.Name, s.UID, sha256.Sum256(data)))
	}
	slices.Sort(keys)
	return keys
}
