// SPDX-License-Identifier: Apache-2.0

package restore

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// restored is an object as tools like Velero create it again: with its labels, annotations and content, and nothing else.
func restored[T client.Object](o T) T {
	copied, _ := o.DeepCopyObject().(T)
	copied.SetUID("")
	copied.SetResourceVersion("")
	copied.SetOwnerReferences(nil)
	copied.SetManagedFields(nil)
	return copied
}

// TestObjectsOfATool: who copies objects back into a cluster brings no credential back.
func TestObjectsOfATool(t *testing.T) {
	issued, own := declare(t, "objects-issued"), declareOwn(t, "objects-own")
	var secret corev1.Secret
	must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(issued.ApiToken), &secret))
	hash := hashSecrets(t, issued)[0]
	for _, o := range []*one{issued, own} {
		must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(o.ApiToken), o.ApiToken))
		must(t, kube.Delete(t.Context(), o.ApiToken))
		ends(t, o.Name, o.plaintext)
		eventually(t, o.Name+" is gone", func() bool {
			return apierrors.IsNotFound(kube.Get(t.Context(), client.ObjectKeyFromObject(o.ApiToken), &v1alpha1.ApiToken{}))
		})
	}
	if err := kube.Create(t.Context(), restored(&hash)); !apierrors.IsForbidden(err) {
		t.Errorf("a hash Secret was restored: %v", err)
	}
	must(t, kube.Create(t.Context(), restored(&secret)))

	// A stamp of the same second, by the same user, of the same object is the same.
	eventually(t, "the second of the stamp has passed", func() bool { return time.Now().Unix() > issued.CreationTimestamp.Unix()+1 })
	again := &one{ApiToken: restored(issued.ApiToken)}
	must(t, kube.Create(t.Context(), again.ApiToken))
	if stamp := v1alpha1.AnnotationRequestedBy; again.Annotations[stamp] == issued.Annotations[stamp] {
		t.Error("the stamp of who declared it before was kept")
	}
	isBecause(t, again, v1alpha1.ReasonSecretConflict)
	must(t, kube.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: secret.Namespace, Name: secret.Name}}))
	settlesOnceIssued(t, again)
	if got := status(t.Context(), issued.plaintext); got != http.StatusUnauthorized {
		t.Errorf("the token of before: %d", got)
	}

	must(t, kube.Create(t.Context(), restored(own.ApiToken)))
	works(t, own.Name, own.plaintext)
}

// settlesOnceIssued is settles after a SecretConflict, which is looked at again within a minute.
func settlesOnceIssued(t *testing.T, o *one) {
	t.Helper()
	isBecause(t, o, v1alpha1.ReasonIssued)
	settles(t, o)
}
