// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

func policyFor(namespace, workloads string) *v1alpha1.TokenPolicy {
	names := v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(workloads)}}
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "jira", Namespace: namespace},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "http://jira:8080/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: names,
			Rules: []v1alpha1.Rule{{
				Name: "r", Namespaces: names, Owners: v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead}},
			}},
		},
	}
}

func tokenFor(p *v1alpha1.TokenPolicy, namespace, name string, edits ...func(*v1alpha1.ApiTokenSpec)) *v1alpha1.ApiToken {
	token := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead},
			PolicyRef: v1alpha1.PolicyReference{Name: p.Name, Namespace: v1alpha1.NamespaceName(p.Namespace)},
		},
	}
	for _, edit := range edits {
		edit(&token.Spec)
	}
	return token
}

// A GitOps tool's reading of each row of the state table, from objects that the real controllers wrote. Ready's reason
// makes sure that the row is the one that is meant.
func TestGitOpsToolsReadTheStates(t *testing.T) {
	installDefault(t)
	startManager(t, plane.ServiceAccount(t, systemNamespace, managerAccount))
	workloads := plane.Namespace(t)
	good := policyFor(plane.Namespace(t), workloads)
	missingCA := policyFor(plane.Namespace(t), workloads)
	missingCA.Spec.Jira.CABundle = &v1alpha1.CABundle{SecretRef: v1alpha1.SecretKeyReference{Name: "ca", Key: "ca.crt"}}
	second := policyFor(good.Namespace, workloads)
	second.Name = "second"
	ownerToken := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "alice", Namespace: good.Namespace, Labels: map[string]string{
			v1alpha1.LabelPolicy: good.Name, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
		}},
		StringData: map[string]string{"owner": "alice", "token": "pat"},
	}
	if err := plane.Client.Create(t.Context(), ownerToken); err != nil {
		t.Fatal(err)
	}
	nowhere := policyFor(plane.Namespace(t), workloads)
	past := metav1.NewTime(time.Now().Add(-time.Hour))
	expiring := tokenFor(good, workloads, "expired")
	rows := []struct {
		object client.Object
		reason string
		want   status.Status
	}{
		{good, v1alpha1.ReasonGatewayReady, status.CurrentStatus},
		{missingCA, v1alpha1.ReasonInvalidReference, status.InProgressStatus},
		{second, v1alpha1.ReasonAnotherPolicy, status.FailedStatus},
		{tokenFor(good, workloads, "live"), v1alpha1.ReasonIssued, status.CurrentStatus},
		{
			tokenFor(good, workloads, "suspended", func(s *v1alpha1.ApiTokenSpec) { s.Suspend = true }),
			v1alpha1.ReasonSuspended, status.CurrentStatus,
		},
		{expiring, v1alpha1.ReasonExpired, status.CurrentStatus},
		{
			tokenFor(good, workloads, "never-lived", func(s *v1alpha1.ApiTokenSpec) { s.ExpiresAt = &past }),
			v1alpha1.ReasonExpired, status.FailedStatus,
		},
		{
			tokenFor(good, workloads, "refused", func(s *v1alpha1.ApiTokenSpec) { s.Owner = "bob" }),
			v1alpha1.ReasonNotPermitted, status.FailedStatus,
		},
		{tokenFor(nowhere, workloads, "waiting"), v1alpha1.ReasonPolicyNotFound, status.InProgressStatus},
	}
	for i, row := range rows {
		if row.object == client.Object(expiring) { // it has to be issued before
			expiring.Spec.ExpiresAt = &metav1.Time{Time: time.Now().Add(10 * time.Second)}
		}
		if err := plane.Client.Create(t.Context(), row.object); err != nil {
			t.Fatal(err)
		}
		compareKstatus(t, row.object, status.InProgressStatus) // nobody has looked at it yet
		if i == 0 {
			makeAvailable(t, good)
		}
	}
	for _, row := range rows {
		expectKstatus(t, row.object, row.reason, row.want)
	}
	if err := plane.Client.Delete(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	expectKstatus(t, good, v1alpha1.ReasonInUse, status.TerminatingStatus)
	for _, row := range rows {
		if err := plane.Client.Delete(t.Context(), row.object); client.IgnoreNotFound(err) != nil {
			t.Error(err)
		}
	}
}

// expectKstatus waits until Ready has the reason, and then compares at once.
func expectKstatus(t *testing.T, object client.Object, reason string, want status.Status) {
	t.Helper()
	eventually(t, func() error {
		if err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		ready := meta.FindStatusCondition(conditions(object), v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != reason {
			return fmt.Errorf("%T %s: want %s, have %+v", object, object.GetName(), reason, ready)
		}
		return nil
	})
	compareKstatus(t, object, want)
}

func compareKstatus(t *testing.T, object client.Object, want status.Status) {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil || result.Status != want {
		t.Errorf("%T %s: want %s, have %+v (%v) from %+v", object, object.GetName(), want, result, err, conditions(object))
	}
}

func conditions(object client.Object) []metav1.Condition {
	switch o := object.(type) {
	case *v1alpha1.TokenPolicy:
		return o.Status.Conditions
	case *v1alpha1.ApiToken:
		return o.Status.Conditions
	}
	return nil
}

func makeAvailable(t *testing.T, p *v1alpha1.TokenPolicy) {
	t.Helper()
	var d appsv1.Deployment
	eventually(t, func() error {
		if err := plane.Client.Get(t.Context(), client.ObjectKey{Namespace: p.Namespace, Name: resources.GatewayName(p.Name)}, &d); err != nil {
			return err
		}
		d.Status.Replicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = 1, 1, 1
		return plane.Client.Status().Update(t.Context(), &d)
	})
}
