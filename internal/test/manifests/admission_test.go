// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Nobody but the manager writes status, not even an administrator.
func TestOnlyTheManagerWritesStatus(t *testing.T) {
	installDefault(t)
	removeWebhook(t) // no manager runs
	namespace := plane.Namespace(t)
	policy := policyFor(namespace, "default")
	for _, object := range []client.Object{policy, tokenFor(policy, namespace, "t")} {
		if err := plane.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"observedGeneration":7}}`))
		eventually(t, func() error { // the API server compiles the policy in the background
			err := plane.Client.Status().Patch(t.Context(), object.DeepCopyObject().(client.Object), patch, dryRun)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "status is written by jira-token-operator alone") {
				return fmt.Errorf("an administrator may write the status of a %T: %w", object, err)
			}
			return nil
		})
		if err := asManager(t).Status().Patch(t.Context(), object.DeepCopyObject().(client.Object), patch); err != nil {
			t.Errorf("the manager can't write the status of a %T: %v", object, err)
		}
		label := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"a":"b"}}}`))
		if err := plane.Client.Patch(t.Context(), object.DeepCopyObject().(client.Object), label); err != nil {
			t.Errorf("a label can't be changed: %v", err)
		}
	}
}

var dryRun = &client.SubResourcePatchOptions{PatchOptions: client.PatchOptions{DryRun: []string{metav1.DryRunAll}}}

// An administrator can end the manager's own keys, and make none.
func TestKeysOfTheManager(t *testing.T) {
	installDefault(t)
	namespace := plane.Namespace(t)
	for kind, removable := range map[corev1.SecretType]bool{
		v1alpha1.SecretTypeStampKeys: true, v1alpha1.SecretTypeWebhookAuthority: false, v1alpha1.SecretTypeDirectory: false,
	} {
		secret := &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{GenerateName: "s-", Namespace: namespace}, Type: kind,
			Data: map[string][]byte{"a": []byte("1"), "b": []byte("2")},
		}
		eventually(t, func() error {
			err := plane.Client.Create(t.Context(), secret.DeepCopy(), client.DryRunAll)
			if err == nil {
				return errors.New("an administrator may make keys")
			}
			if want := "Secrets of the type " + string(kind) + " are written by jira-token-operator alone"; !strings.Contains(err.Error(), want) {
				return err
			}
			return nil
		})
		if err := asManager(t).Create(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		for what, c := range map[string]struct {
			data    map[string][]byte
			allowed bool
		}{
			"one key removed": {map[string][]byte{"a": []byte("1")}, removable},
			"all removed":     {nil, removable},
			"one added":       {map[string][]byte{"a": []byte("1"), "b": []byte("2"), "c": []byte("3")}, false},
			"one changed":     {map[string][]byte{"a": []byte("9"), "b": []byte("2")}, false},
			"one renamed":     {map[string][]byte{"a": []byte("1"), "c": []byte("2")}, false},
		} {
			changed := secret.DeepCopy()
			changed.Data = c.data
			if err := plane.Client.Update(t.Context(), changed, client.DryRunAll); (err == nil) != c.allowed {
				t.Errorf("%s, %s: %v", kind, what, err)
			}
		}
		if err := plane.Client.Delete(t.Context(), secret); err != nil {
			t.Errorf("a Secret of the type %s can't be deleted: %v", kind, err)
		}
	}
}
