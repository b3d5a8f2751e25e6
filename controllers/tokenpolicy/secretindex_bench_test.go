// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// A policy is reconciled up to twice a second while its tokens come and go.
func BenchmarkCountCredentials(b *testing.B) {
	const tokens = 100_000
	indexer := toolscache.NewIndexer(toolscache.MetaNamespaceKeyFunc, toolscache.Indexers{
		credentialsByPolicy: byPolicy(isCredential),
	})
	i := &secretIndex{indexers: []toolscache.Indexer{indexer}}
	for n := range tokens {
		uid := fmt.Sprintf("00000000-0000-4000-8000-%012d", n)
		err := indexer.Add(&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "jira-gateway", Name: uid + "-0",
				Labels: map[string]string{v1alpha1.LabelPolicy: "jira", v1alpha1.LabelTokenUID: uid},
			},
			Type: v1alpha1.SecretTypeTokenHash,
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		found, err := i.credentials(types.NamespacedName{Namespace: "jira-gateway", Name: "jira"})
		if err != nil || len(found) != tokens {
			b.Fatalf("%d tokens, %v", len(found), err)
		}
	}
}
