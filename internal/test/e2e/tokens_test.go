// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func apiToken(namespace, name string, owner v1alpha1.JiraUserName) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: owner, Scopes: []v1alpha1.Scope{"read"}, Lifetime: "24h",
			PolicyRef: v1alpha1.PolicyReference{Name: policyName, Namespace: policyNamespace},
		},
	}
}

// declare creates an ApiToken for one story, which deletes it when it ends.
func declare(t *testing.T, token *v1alpha1.ApiToken) *v1alpha1.ApiToken {
	t.Helper()
	must(t, kube.Create(t.Context(), token))
	t.Cleanup(func() { remove(token) })
	return token
}

// remove deletes what a story has made when it has ended.
func remove(o client.Object) {
	if !set.keep {
		_ = kube.Delete(context.Background(), o) // it may be gone, and what is left goes with the suite
	}
}

// isActive waits until the token's condition Active is as wanted, for the reason that is wanted.
func isActive(t *testing.T, token *v1alpha1.ApiToken, active metav1.ConditionStatus, reason string) {
	t.Helper()
	eventually(t, fmt.Sprintf("ApiToken %s is %s", token.Name, reason), func() error {
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(token), token); err != nil {
			return err
		}
		c := meta.FindStatusCondition(token.Status.Conditions, v1alpha1.ConditionActive)
		if c == nil || c.Status != active || c.Reason != reason || c.ObservedGeneration != token.Generation {
			return fmt.Errorf("its condition Active is %+v", c)
		}
		return nil
	})
}

// change edits an ApiToken as a person would, again if somebody else was faster.
func change(t *testing.T, token *v1alpha1.ApiToken, edit func(*v1alpha1.ApiToken)) {
	t.Helper()
	eventually(t, "ApiToken "+token.Name+" is changed", func() error {
		if err := kube.Get(t.Context(), client.ObjectKeyFromObject(token), token); err != nil {
			return err
		}
		edit(token)
		return kube.Update(t.Context(), token)
	})
}

// plaintext waits for the token in the Secret that workloads mount.
func plaintext(t *testing.T, token *v1alpha1.ApiToken) (value string) {
	t.Helper()
	eventually(t, "the Secret of ApiToken "+token.Name+" is there", func() error {
		var secret corev1.Secret
		err := kube.Get(t.Context(), client.ObjectKeyFromObject(token), &secret)
		value = string(secret.Data["token"])
		return err
	})
	return value
}

// eventually tries until there is no error.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	const patience, pause = 3 * time.Minute, 100 * time.Millisecond
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s: %v", what, err)
		}
		select {
		case <-t.Context().Done():
			t.Fatalf("ended while waiting until %s: %v", what, err)
		case <-time.After(pause):
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
