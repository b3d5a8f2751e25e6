// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// The rights in config/rbac are enough to read Jira's groups, to keep them, to put them right and to take them away, with
// the admission policy in force.
func TestDirectoryNeedsNoMoreRights(t *testing.T) {
	installDefault(t)
	startManager(t, plane.ServiceAccount(t, systemNamespace, managerAccount))
	jira := jiratest.Start(t, jiratest.Config{ContextPath: "/jira"})
	jira.AddUser(jiratest.User{Name: "root", Permissions: jiratest.Admin, Groups: []string{"jira-administrators"}})
	jira.AddUser(jiratest.User{Name: "alice", Groups: []string{"developers", "testers"}})

	policy := policyFor(plane.Namespace(t), plane.Namespace(t))
	policy.Spec.Jira.URL = v1alpha1.HTTPURL(jira.URL())
	policy.Spec.Directory = &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "reader"}}
	policy.Spec.JiraGroups = []v1alpha1.JiraGroup{{Name: "developers", FromJira: &v1alpha1.GroupFromJira{}}}
	credential := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: policy.Namespace, Name: "reader", Labels: map[string]string{v1alpha1.LabelPolicy: policy.Name},
		},
		StringData: map[string]string{"token": jira.AddPAT("root")},
	}
	for _, object := range []client.Object{credential, policy} {
		if err := plane.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
	expectGroups(t, policy, 3, v1alpha1.ReasonDirectorySynced)
	change(t, policy, func() {
		policy.Spec.JiraGroups = append(policy.Spec.JiraGroups, v1alpha1.JiraGroup{Name: "testers", FromJira: &v1alpha1.GroupFromJira{}})
	})
	expectGroups(t, policy, 4, v1alpha1.ReasonDirectorySynced)
	index := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: policy.Namespace, Name: "jira-directory"}}
	if err := plane.Client.Delete(t.Context(), index); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { return plane.Client.Get(t.Context(), client.ObjectKeyFromObject(index), index) })
	expectEvents(t, policy.Namespace, v1alpha1.ReasonDirectorySynced)

	change(t, policy, func() { policy.Spec.Directory, policy.Spec.JiraGroups = nil, nil })
	expectGroups(t, policy, 0, "")
	eventually(t, func() error {
		var list corev1.SecretList
		if err := plane.Client.List(t.Context(), &list, client.InNamespace(policy.Namespace)); err != nil {
			return err
		}
		for i := range list.Items {
			if list.Items[i].Type == v1alpha1.SecretTypeDirectory {
				return fmt.Errorf("Secret %s is left behind", list.Items[i].Name)
			}
		}
		return nil
	})
}

func change(t *testing.T, policy *v1alpha1.TokenPolicy, edit func()) {
	t.Helper()
	eventually(t, func() error {
		if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(policy), policy); err != nil {
			return err
		}
		edit()
		return plane.Client.Update(t.Context(), policy)
	})
}

// expectGroups waits for so many groups in the status, and for the condition; no reason means no condition.
func expectGroups(t *testing.T, policy *v1alpha1.TokenPolicy, count int, reason string) {
	t.Helper()
	eventually(t, func() error {
		if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(policy), policy); err != nil {
			return err
		}
		have := ""
		if c := meta.FindStatusCondition(policy.Status.Conditions, v1alpha1.ConditionDirectorySynced); c != nil {
			have = c.Reason
		}
		if have != reason || len(policy.Status.Groups) != count {
			return fmt.Errorf("status: %+v", policy.Status)
		}
		return nil
	})
}
