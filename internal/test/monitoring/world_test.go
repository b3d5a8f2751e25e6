// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
)

const (
	jiraBase       = "https://jira.corp.example/jira"
	tokenNamespace = "marketing"
)

func newClient(context.Context) (err error) {
	kube, err = local.APIClient()
	return err
}

// declarePolicy declares one that has something for each metric: a directory, owners' tokens that end, personal credentials.
func declarePolicy(ctx context.Context, jiraURL string) error {
	jira.AddProject(jiratest.Project{Key: "LEADS", Name: "Leads"})
	for _, name := range []string{"alice", "bob"} {
		jira.AddUser(jiratest.User{Name: name, Permissions: jiratest.Browse | jiratest.Edit, Groups: []string{"developers"}})
	}
	jira.AddUser(jiratest.User{Name: "root", Permissions: jiratest.Browse | jiratest.Admin})
	secret := func(name string, data map[string]string, labels ...string) *corev1.Secret {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: stack.PolicyNamespace, Name: name, Labels: map[string]string{v1alpha1.LabelPolicy: stack.PolicyName},
		}, StringData: data}
		for _, label := range labels {
			s.Labels[label] = v1alpha1.CredentialOwnerToken
		}
		return s
	}
	owner := func(name string) *corev1.Secret {
		return secret(name, map[string]string{
			"owner": name, "token": jira.AddPAT(name), "expiresAt": time.Now().Add(10 * 24 * time.Hour).UTC().Format(time.RFC3339),
		}, v1alpha1.LabelCredential)
	}
	allowed := map[string]string{"allowed": "true"}
	for _, o := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stack.PolicyNamespace}},
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: tokenNamespace, Labels: allowed}},
		owner("alice"), owner("bob"), secret("reader", map[string]string{"token": jira.AddPAT("root")}),
		newPolicy(jiraURL, allowed),
	} {
		if err := kube.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

func newPolicy(jiraURL string, allowed map[string]string) *v1alpha1.TokenPolicy {
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: stack.PolicyNamespace, Name: stack.PolicyName},
		Spec: v1alpha1.TokenPolicySpec{
			Jira: v1alpha1.JiraEndpoint{
				URL: v1alpha1.HTTPURL(jiraURL), BaseURL: jiraBase,
				PublicURL: v1alpha1.HTTPURL("http://" + local.GatewayAddress + "/jira"),
			},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			Directory:         &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "reader"}, RefreshInterval: "10s"},
			JiraGroups:        []v1alpha1.JiraGroup{{Name: "developers", FromJira: &v1alpha1.GroupFromJira{}}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: allowed}},
			Monitoring:        &v1alpha1.Monitoring{PerTokenMetrics: true},
			Rules: []v1alpha1.Rule{{
				Name:       "developers",
				Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{tokenNamespace}},
				Owners:     v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{"developers"}},
				Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write"}},
			}},
			PersonalCredentials: &v1alpha1.PersonalCredentials{
				Enforcement: v1alpha1.EnforcementAudit, Basic: "Deny", Anonymous: "Allow",
			},
		},
	}
}
