// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const (
	jiraNamespace = "e2e-jira"
	jiraURL       = "http://jira." + jiraNamespace + ".svc/jira"
	jiraBaseURL   = "https://jira.example/jira"

	developers = "developers" // the group that is read from Jira
	jiraAdmin  = "svc-directory"
)

// users are Jira's, with their groups.
var users = map[string][]string{
	"alice": {developers}, "bob": nil, "carol": {developers}, "dave": nil, jiraAdmin: {"jira-administrators"},
}

// personalTokens are Jira's own tokens by user.
var personalTokens = func() map[string]string {
	all := map[string]string{}
	for name := range users {
		all[name] = rand.Text()
	}
	return all
}()

// startJira runs a stand-in Jira in a pod.
func startJira(ctx context.Context) error {
	const name = "jira"
	labels := map[string]string{"app.kubernetes.io/name": name}
	jira := pod(jiraNamespace, name, "/standin-jira", "--listen=:8080", "--context-path=/jira", "--base-url="+jiraBaseURL,
		"--data=/data/jira.json")
	jira.Labels = labels
	mount(jira, name, "/data")
	for _, o := range []client.Object{
		restrictedNamespace(jiraNamespace),
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: jiraNamespace, Name: name},
			Data:       map[string][]byte{"jira.json": jiraData()},
		},
		&corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: jiraNamespace, Name: name},
			Spec: corev1.ServiceSpec{
				Selector: labels, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}},
			},
		},
		jira,
		pod(jiraNamespace, asker, "/workload"),
	} {
		if err := kube.Create(ctx, o); err != nil {
			return fmt.Errorf("%T %s: %w", o, o.GetName(), err)
		}
	}
	for _, p := range []string{name, asker} {
		if err := podReady(ctx, jiraNamespace, p); err != nil {
			return err
		}
	}
	return nil
}

// jiraData is what the stand-in Jira knows, in its own form.
func jiraData() []byte {
	type object = map[string]any
	var all []object
	for _, name := range slices.Sorted(maps.Keys(users)) {
		permissions := []string{"browse", "edit"}
		if name == jiraAdmin {
			permissions = append(permissions, "admin")
		}
		all = append(all, object{
			"name": name, "groups": users[name], "permissions": permissions,
			"pats": []object{{"name": "gateway", "token": personalTokens[name]}},
		})
	}
	data, err := json.Marshal(object{
		"users": all, "projects": []object{{"key": "LEADS", "name": "Leads"}},
		"groups": []object{{"name": "jira-administrators"}, {"name": "jira-system-administrators"}},
	})
	if err != nil {
		panic(err) // it is all strings
	}
	return data
}

// ownerSecret is the token of Jira's that a user gave to the gateway.
func ownerSecret(user string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: policyNamespace, Name: "owner-" + user, Labels: map[string]string{
			v1alpha1.LabelPolicy: policyName, v1alpha1.LabelCredential: v1alpha1.CredentialOwnerToken,
		}},
		StringData: map[string]string{"owner": user, "token": personalTokens[user]},
	}
}
