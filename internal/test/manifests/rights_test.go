// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// The rights in config/rbac are enough for the manager's whole work, with the admission policy in force: a policy gets
// its gateway, drift is corrected, a token is issued and revoked, the policy goes with all that it made.
func TestManagerNeedsNoMoreRights(t *testing.T) {
	installDefault(t)
	startManager(t, plane.ServiceAccount(t, systemNamespace, managerAccount))
	workloads := plane.Namespace(t)
	policy := policyFor(plane.Namespace(t), workloads)
	token := tokenFor(policy, workloads, "t")
	for _, object := range []client.Object{policy, token} {
		if err := plane.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	gateway := client.ObjectKey{Namespace: policy.Namespace, Name: resources.GatewayName(policy.Name)}
	var service corev1.Service
	eventually(t, func() error { return plane.Client.Get(t.Context(), gateway, &service) })
	eventually(t, func() error {
		return plane.Client.Get(t.Context(), client.ObjectKeyFromObject(token), &corev1.Secret{})
	})
	eventually(t, func() error {
		if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(policy), policy); err != nil {
			return err
		}
		if ptr.Deref(policy.Status.Tokens, -1) != 1 {
			return fmt.Errorf("status: %+v", policy.Status)
		}
		return nil
	})
	service.Spec.Selector = map[string]string{"app": "evil"}
	if err := plane.Client.Update(t.Context(), &service); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		if err := plane.Client.Get(t.Context(), gateway, &service); err != nil || service.Spec.Selector["app"] == "evil" {
			return fmt.Errorf("drift is not corrected: %w", err)
		}
		return nil
	})
	expectEvents(t, policy.Namespace, "GatewayObjectCreated", "DriftCorrected")
	for _, object := range []client.Object{token, policy} {
		if err := plane.Client.Delete(t.Context(), object); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() error {
			if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); !apierrors.IsNotFound(err) {
				return fmt.Errorf("%T is still there: %w", object, err)
			}
			return nil
		})
	}
	var left corev1.SecretList
	if err := plane.Client.List(t.Context(), &left, client.InNamespace(policy.Namespace)); err != nil || len(left.Items) > 0 {
		t.Errorf("Secrets are left behind: %v %v", left.Items, err)
	}
}

func expectEvents(t *testing.T, namespace string, reasons ...string) {
	t.Helper()
	eventually(t, func() error {
		events, err := plane.Clientset.EventsV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			return err
		}
		have := map[string]bool{}
		for _, e := range events.Items {
			have[e.Reason] = true
		}
		for _, reason := range reasons {
			if !have[reason] {
				return fmt.Errorf("there is no event %s among %v", reason, have)
			}
		}
		return nil
	})
}
