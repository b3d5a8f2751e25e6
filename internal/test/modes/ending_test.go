// SPDX-License-Identifier: Apache-2.0

package modes

import (
	"errors"
	"fmt"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

// A namespace that is being deleted loses the manager's Role before the rest: that goes all the same, and the credentials in the
// policy's namespace with it.
func namespaceEnds(t *testing.T, name string) {
	t.Helper()
	deleted, orphan := newToken(name, "deleted", stack.PolicyNamespace), newToken(name, "orphan", stack.PolicyNamespace)
	for _, token := range []*v1alpha1.ApiToken{deleted, orphan} {
		create(t, token)
		becomes(t, token, v1alpha1.ReasonIssued)
	}
	startEnding(t, name)
	isDeleted(t, deleted)
	hasNoCredential(t, deleted)
	// Somebody was impatient, and the manager may not see any more that the ApiToken is gone.
	must(t, kube.Patch(t.Context(), orphan, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))
	must(t, client.IgnoreNotFound(kube.Delete(t.Context(), orphan)))
	finishEnding(t, name)
	hasNoCredential(t, orphan)
}

// With the policy's namespace its policy goes, and then its tokens elsewhere can.
func policyNamespaceEnds(t *testing.T, elsewhere string) {
	t.Helper()
	token := newToken(elsewhere, "outside", stack.PolicyNamespace)
	create(t, token)
	becomes(t, token, v1alpha1.ReasonIssued)
	startEnding(t, stack.PolicyNamespace)
	policy := newPolicy(stack.PolicyNamespace)
	must(t, kube.Delete(t.Context(), policy))
	eventually(t, "the policy is gone", func() error { return isGone(t, policy) })
	finishEnding(t, stack.PolicyNamespace)
	isDeleted(t, token)
}

// startEnding deletes a namespace and, before all else that is in it, the manager's rights.
func startEnding(t *testing.T, name string) {
	t.Helper()
	must(t, kube.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	must(t, kube.Delete(t.Context(), &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "manager-role"}}))
	eventually(t, "the manager may not read Secrets there", func() error {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User:               "system:serviceaccount:" + managerNamespace + ":" + managerAccount,
			ResourceAttributes: &authorizationv1.ResourceAttributes{Namespace: name, Resource: "secrets", Verb: "get"},
		}}
		if err := kube.Create(t.Context(), review); err != nil {
			return err
		}
		if review.Status.Allowed {
			return errors.New("it may")
		}
		return nil
	})
}

// finishEnding does what the controller of namespaces would.
func finishEnding(t *testing.T, name string) {
	t.Helper()
	must(t, kube.DeleteAllOf(t.Context(), &corev1.Secret{}, client.InNamespace(name)))
	namespace := &corev1.Namespace{}
	must(t, kube.Get(t.Context(), client.ObjectKey{Name: name}, namespace))
	namespace.Spec.Finalizers = nil
	_, err := local.Client.CoreV1().Namespaces().Finalize(t.Context(), namespace, metav1.UpdateOptions{})
	must(t, err)
	eventually(t, "the namespace is gone", func() error { return isGone(t, namespace) })
}

func isGone(t *testing.T, object client.Object) error {
	t.Helper()
	err := kube.Get(t.Context(), client.ObjectKeyFromObject(object), object)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return errors.Join(errors.New("it is still there"), err)
}

func hasNoCredential(t *testing.T, token *v1alpha1.ApiToken) {
	t.Helper()
	eventually(t, "the credentials of "+token.Name+" are gone", func() error {
		var list corev1.SecretList
		err := kube.List(t.Context(), &list, client.InNamespace(stack.PolicyNamespace),
			client.MatchingLabels{v1alpha1.LabelTokenUID: string(token.UID)})
		if err == nil && len(list.Items) > 0 {
			return fmt.Errorf("there are %d", len(list.Items))
		}
		return err
	})
}
