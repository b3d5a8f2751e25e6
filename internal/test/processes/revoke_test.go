// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"context"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// TestRevokeIssuedBefore: once that time has come, what was issued before is refused and what the operator made is replaced; a
// hash that was declared is blocked, until its holder declares another one.
func TestRevokeIssuedBefore(t *testing.T) {
	made, old := declare(t, "made")
	own, hash := ownToken(t)
	declared := declareHash(t, "alice", hash)
	works(t, own, "alice")
	setRevocation(t, &metav1.Time{Time: time.Now().Add(2 * time.Second).Truncate(time.Second)})
	t.Cleanup(func() { setRevocation(t, nil) })
	ends(t, old)
	ends(t, own)
	eventually(t, "another token is in the Secret, and accepted", func() bool {
		status, _ := get(t, secretToken(t, made))
		return status == http.StatusOK
	})
	isBecause(t, declared, v1alpha1.ReasonHashTooOld)
	another, hash := ownToken(t)
	eventually(t, "another hash is declared", func() bool {
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(declared), declared))
		declared.Spec.TokenHash = hash
		return kube.Update(t.Context(), declared) == nil
	})
	works(t, another, "alice")
}

func setRevocation(t *testing.T, at *metav1.Time) {
	t.Helper()
	p := &v1alpha1.TokenPolicy{}
	eventually(t, "the policy is changed", func() bool {
		ctx := context.Background() // also when the test is over
		must(t, kube.Get(ctx, client.ObjectKey{Namespace: stack.PolicyNamespace, Name: stack.PolicyName}, p))
		p.Spec.RevokeIssuedBefore = at
		return kube.Update(ctx, p) == nil
	})
}
