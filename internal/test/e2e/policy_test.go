// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	policyNamespace = "e2e-gateway"
	policyName      = "jira"
	gatewayName     = policyName + "-gateway"
	gatewayURL      = "http://" + gatewayName + "." + policyNamespace + ".svc/jira"

	marketing   = "e2e-marketing"
	reporting   = "e2e-reporting"
	development = "e2e-development"

	allowedLabel = "e2e.jiratokens.io/allowed"

	// Rules that one story each changes or needs.
	ruleTightened = "tightened"
	ruleApproved  = "approved"
)

var tokenNamespaces = []string{marketing, reporting, development}

func declarePolicy(ctx context.Context) error {
	objects := []client.Object{restrictedNamespace(policyNamespace)}
	for _, name := range tokenNamespaces {
		namespace := restrictedNamespace(name)
		namespace.Labels[allowedLabel] = "true"
		objects = append(objects, namespace)
	}
	for user := range users {
		if user != jiraAdmin {
			objects = append(objects, ownerSecret(user))
		}
	}
	const directory = "jira-directory-credential"
	objects = append(objects, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: policyNamespace, Name: directory, Labels: map[string]string{v1alpha1.LabelPolicy: policyName},
		},
		StringData: map[string]string{"token": personalTokens[jiraAdmin]},
	}, policy(directory))
	for _, o := range objects {
		if err := kube.Create(ctx, o); err != nil {
			return fmt.Errorf("%T %s: %w", o, o.GetName(), err)
		}
	}
	_, err := kubectl(ctx, "", "wait", "--for=condition=Ready", "-n", policyNamespace, "tokenpolicy/"+policyName,
		"--timeout="+installPatience.String())
	return err
}

func policy(directorySecret string) *v1alpha1.TokenPolicy {
	return &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: policyNamespace, Name: policyName},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: jiraURL, BaseURL: jiraBaseURL, PublicURL: gatewayURL},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{allowedLabel: "true"}}},
			Directory: &v1alpha1.Directory{
				SecretRef: &v1alpha1.SecretReference{Name: directorySecret}, RefreshInterval: "10s",
			},
			JiraGroups: []v1alpha1.JiraGroup{{Name: developers, FromJira: &v1alpha1.GroupFromJira{}}},
			Rules: []v1alpha1.Rule{
				rule("standing", []v1alpha1.NamespaceName{marketing, reporting}, v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice", "bob"}}),
				rule(developers, []v1alpha1.NamespaceName{development}, v1alpha1.Owners{Groups: []v1alpha1.JiraGroupName{developers}}),
				rule(ruleTightened, []v1alpha1.NamespaceName{marketing}, v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"dave"}}),
				approved(rule(ruleApproved, []v1alpha1.NamespaceName{reporting}, v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"dave"}})),
			},
			Gateway: &v1alpha1.Gateway{Replicas: new(int32(2))},
		},
	}
}

func rule(name string, namespaces []v1alpha1.NamespaceName, owners v1alpha1.Owners) v1alpha1.Rule {
	return v1alpha1.Rule{
		Name: name, Namespaces: v1alpha1.NamespaceSet{Names: namespaces}, Owners: owners,
		Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read", "write"}},
	}
}

func approved(r v1alpha1.Rule) v1alpha1.Rule {
	r.Approval = &v1alpha1.RuleApproval{Required: true}
	return r
}

// changePolicy edits the policy as a person would, again if somebody else was faster.
func changePolicy(t *testing.T, edit func(*v1alpha1.TokenPolicySpec)) {
	t.Helper()
	eventually(t, "the policy is changed", func() error {
		p := &v1alpha1.TokenPolicy{}
		if err := kube.Get(t.Context(), client.ObjectKey{Namespace: policyNamespace, Name: policyName}, p); err != nil {
			return err
		}
		edit(&p.Spec)
		return kube.Update(t.Context(), p)
	})
}

func changeRule(t *testing.T, name string, edit func(*v1alpha1.Rule)) {
	t.Helper()
	changePolicy(t, func(spec *v1alpha1.TokenPolicySpec) {
		edit(&spec.Rules[slices.IndexFunc(spec.Rules, func(r v1alpha1.Rule) bool { return r.Name == name })])
	})
}

// removePolicy removes what the stories have declared, and their namespaces but Jira's.
func removePolicy(ctx context.Context) error {
	return errors.Join(removeDeclared(ctx), removeNamespaces(ctx, append([]string{policyNamespace}, tokenNamespaces...)...))
}

// removeDeclared removes what the manager works on, tokens first: their finalizers need the manager.
func removeDeclared(ctx context.Context) error {
	for _, kind := range []string{"apitokens", "tokenpolicies"} {
		_, err := kubectl(ctx, "", "delete", kind, "--all", "--all-namespaces", "--timeout="+installPatience.String())
		if err != nil {
			return err
		}
	}
	return nil
}

func removeNamespaces(ctx context.Context, names ...string) error {
	args := append([]string{"delete", "namespaces", "--ignore-not-found", "--timeout=" + installPatience.String()}, names...)
	_, err := kubectl(ctx, "", args...)
	return err
}
