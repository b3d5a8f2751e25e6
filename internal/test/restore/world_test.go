// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}

// status is what the gateway answers to a token; 0: nothing.
func status(ctx context.Context, plaintext string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+local.GatewayAddress+"/jira/rest/api/2/myself", http.NoBody)
	if err != nil {
		return 0
	}
	request.Header.Set("Authorization", "Bearer "+plaintext)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func works(t *testing.T, what, plaintext string) {
	t.Helper()
	eventually(t, what+" is accepted", func() bool { return status(t.Context(), plaintext) == http.StatusOK })
}

func ends(t *testing.T, what, plaintext string) {
	t.Helper()
	eventually(t, what+" is refused", func() bool { return status(t.Context(), plaintext) == http.StatusUnauthorized })
}

// one is an ApiToken and the token that it had first.
type one struct {
	*v1alpha1.ApiToken

	plaintext string
}

func declaration(name string) *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: tokenNamespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{"read"}, Lifetime: "1h",
			PolicyRef: v1alpha1.PolicyReference{Name: stack.PolicyName, Namespace: stack.PolicyNamespace},
			Rotation:  &v1alpha1.Rotation{Overlap: "0s"},
		},
	}
}

// declare makes a token that the operator issues.
func declare(t *testing.T, name string) *one {
	t.Helper()
	o := &one{ApiToken: declaration(name)}
	must(t, kube.Create(t.Context(), o.ApiToken))
	o.plaintext = inSecret(t, o)
	works(t, name, o.plaintext)
	return o
}

// declareOwn makes a token that was made elsewhere.
func declareOwn(t *testing.T, name string) *one {
	t.Helper()
	made, err := token.Generate(rand.Reader)
	must(t, err)
	hash, err := made.Hash().MarshalText()
	must(t, err)
	o := &one{ApiToken: declaration(name), plaintext: made.Reveal()}
	o.Spec.TokenHash, o.Spec.Rotation = v1alpha1.TokenHash(hash), nil
	must(t, kube.Create(t.Context(), o.ApiToken))
	works(t, name, o.plaintext)
	return o
}

// inSecret is the token in the Secret that workloads mount, once there is one.
func inSecret(t *testing.T, o *one) string {
	t.Helper()
	var secret corev1.Secret
	eventually(t, "Secret "+o.Name+" is there", func() bool {
		return kube.Get(t.Context(), client.ObjectKeyFromObject(o.ApiToken), &secret) == nil
	})
	return string(secret.Data["token"])
}

// hashSecrets are those of an ApiToken.
func hashSecrets(t *testing.T, o *one) []corev1.Secret {
	t.Helper()
	var list corev1.SecretList
	must(t, kube.List(t.Context(), &list, client.InNamespace(stack.PolicyNamespace),
		client.MatchingLabels{v1alpha1.LabelTokenUID: string(o.UID)}))
	return list.Items
}

// agrees tells whether the Secret holds the token of a credential that stays, and there is no other that does.
func agrees(t *testing.T, o *one) bool {
	t.Helper()
	held, err := token.Parse(inSecret(t, o))
	must(t, err)
	stay, matches := 0, false
	for _, s := range hashSecrets(t, o) {
		c, err := grant.Decode(s.Data[grant.DataKey])
		must(t, err)
		if c.RetireAt == nil {
			stay++
			matches = c.Hash == held.Hash() && c.State == grant.Active
		}
	}
	return stay == 1 && matches
}

// settles waits until an ApiToken is live with a Secret and a hash Secret that agree.
func settles(t *testing.T, o *one) {
	t.Helper()
	eventually(t, o.Name+" is consistent", func() bool { return agrees(t, o) && status(t.Context(), inSecret(t, o)) == http.StatusOK })
}

// edit changes an ApiToken as a person would, again if somebody else was faster.
func edit(t *testing.T, o *one, change func(*v1alpha1.ApiToken)) {
	t.Helper()
	eventually(t, o.Name+" is changed", func() bool {
		if kube.Get(t.Context(), client.ObjectKeyFromObject(o.ApiToken), o.ApiToken) != nil {
			return false
		}
		change(o.ApiToken)
		return kube.Update(t.Context(), o.ApiToken) == nil
	})
}

func editPolicy(t *testing.T, change func(*v1alpha1.TokenPolicy)) {
	t.Helper()
	policy := &v1alpha1.TokenPolicy{}
	eventually(t, "the policy is changed", func() bool {
		must(t, kube.Get(t.Context(), client.ObjectKey{Namespace: stack.PolicyNamespace, Name: stack.PolicyName}, policy))
		change(policy)
		return kube.Update(t.Context(), policy) == nil
	})
}

// isBecause waits until a token's status has a reason.
func isBecause(t *testing.T, o *one, reason string) {
	t.Helper()
	eventually(t, o.Name+" is "+reason, func() bool {
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(o.ApiToken), o.ApiToken))
		c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionActive)
		return c != nil && c.Reason == reason
	})
}

// beginRotation asks for a new credential and returns once the operator has made one and has yet to write it into the Secret.
func beginRotation(t *testing.T, o *one) {
	t.Helper()
	before := len(hashSecrets(t, o))
	edit(t, o, func(a *v1alpha1.ApiToken) {
		metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationRotateRequestedAt, time.Now().Format(time.RFC3339Nano))
	})
	eventually(t, "a credential of "+o.Name+" is begun", func() bool { return len(hashSecrets(t, o)) > before })
}

// rotate has a token be replaced, and returns the new one.
func rotate(t *testing.T, o *one) string {
	t.Helper()
	former := inSecret(t, o)
	beginRotation(t, o)
	eventually(t, o.Name+" is rotated", func() bool { return inSecret(t, o) != former })
	next := inSecret(t, o)
	works(t, o.Name, next)
	ends(t, "what was replaced of "+o.Name, former)
	return next
}
