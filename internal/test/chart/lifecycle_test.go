// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// All sets of values install on a real API server, and what they run is admitted where only restricted pods are.
func TestValuesInstall(t *testing.T) {
	sets, err := filepath.Glob(filepath.Join(path, "ci", "*-values.yaml"))
	if err != nil || len(sets) < 4 {
		t.Fatalf("have %v, %v", sets, err)
	}
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		for _, set := range sets {
			t.Run(strings.TrimSuffix(filepath.Base(set), "-values.yaml"), func(t *testing.T) {
				for _, watched := range []string{"gateways", "marketing"} {
					namespace(t, watched)
				}
				system := namespace(t, "anywhere")
				values := []string{"--values=" + set}
				if strings.Contains(set, "everything") {
					values = append(values, "--set=image.tag=") // it has a digest
				}
				notes := helm.install(t, system, values...)
				expectRestricted(t, system)
				expectRoomForTheRelease(t, system)
				if !strings.Contains(notes, "is in the namespace "+system) {
					t.Errorf("the notes are %s", notes)
				}
			})
		}
	})
}

func expectRestricted(t *testing.T, namespace string) {
	t.Helper()
	var d appsv1.Deployment
	get(t, &d, namespace, managerAccount)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "manager-", Labels: d.Spec.Template.Labels},
		Spec:       d.Spec.Template.Spec,
	}
	pod.Spec.PriorityClassName = "" // nothing makes the class here
	if err := plane.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Error(err)
	}
}

// expectRoomForTheRelease: Helm keeps chart and manifest in a Secret, which can be 1 MiB large.
func expectRoomForTheRelease(t *testing.T, namespace string) {
	t.Helper()
	var secrets corev1.SecretList
	if err := plane.Client.List(t.Context(), &secrets, client.InNamespace(namespace), client.MatchingLabels{"owner": "helm"}); err != nil {
		t.Fatal(err)
	}
	if len(secrets.Items) != 1 {
		t.Fatalf("there are %d releases", len(secrets.Items))
	}
	if size := len(secrets.Items[0].Data["release"]); size > 768<<10 {
		t.Errorf("the release takes %d bytes", size)
	}
}

func get(t *testing.T, object client.Object, namespace, name string) {
	t.Helper()
	if err := plane.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object); err != nil {
		t.Fatal(err)
	}
}

// What people declared, and what protects it, outlives the operator.
func TestLifecycle(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		system := namespace(t, "lifecycle")
		helm.install(t, system)
		policy := declarePolicy(t)
		trust(t, "by the manager")

		upgrade(t, helm, system, "--set=replicas=3")
		expectTrust(t, "by the manager")
		upgrade(t, helm, system, "--set=replicas=1")

		helm.run(t, "uninstall", release, "--namespace="+system)
		expectPolicy(t, policy)
		for _, kept := range keptObjects() {
			get(t, kept, "", kept.GetName())
		}
		expectGone(t, &appsv1.Deployment{}, system, managerAccount)
		expectGone(t, &rbacv1.ClusterRole{}, "", "jira-token-operator-manager-role")
		// Nobody would answer it: ApiTokens could not be created, and what the manager's finalizer holds could not go.
		expectGone(t, &admissionregistrationv1.MutatingWebhookConfiguration{}, "", "jira-token-operator")

		helm.run(t, "install", release, path, "--namespace="+system, image)
		expectPolicy(t, policy)
	})
}

// A release of Helm 3 goes on with Helm 4.
func TestHelm4UpgradesHelm3(t *testing.T) {
	system := namespace(t, "both-helms")
	newHelm(t, "helm3").install(t, system)
	trust(t, "by the manager")
	helm := newHelm(t, "helm")
	upgrade(t, helm, system, "--set=replicas=3")
	expectTrust(t, "by the manager")
	helm.run(t, "uninstall", release, "--namespace="+system)
	expectGone(t, &appsv1.Deployment{}, system, managerAccount)
}

// What kubectl apply -k config/default has installed becomes the release's.
func TestTakesOverFromKubectl(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		for _, object := range decode(t, kustomize(t, "default")) {
			object.SetManagedFields(nil)
			err := plane.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("kubectl"))
			if err != nil {
				t.Fatal(err)
			}
		}
		policy := declarePolicy(t)
		trust(t, "by the manager")
		flags := []string{"--take-ownership"}
		if helm.isVersion4() { // it applies at the server, where kubectl is still who set some fields
			flags = append(flags, "--force-conflicts")
		}
		helm.install(t, configNamespace, flags...)
		expectPolicy(t, policy)
		expectTrust(t, "by the manager")
		var d appsv1.Deployment
		get(t, &d, configNamespace, managerAccount)
		if have := d.Spec.Template.Spec.Containers[0].Image; have != "registry.example.com/jira-token-operator:dev" {
			t.Errorf("the manager runs %s", have)
		}
	})
}

// There is one operator in a cluster.
func TestSecondReleaseIsRefused(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		helm.install(t, namespace(t, "first"))
		_, err := helm.try(t.Context(), t.TempDir(), "install", release, path, image, "--namespace="+namespace(t, "second"))
		if err == nil || !strings.Contains(err.Error(), "exists and cannot be imported into the current release") {
			t.Errorf("have %v", err)
		}
	})
}

// An uninstall leaves nothing if that is wanted.
func TestNothingIsKept(t *testing.T) {
	eachHelm(t, func(helm *Helm) {
		t := helm.t
		system := namespace(t, "nothing-kept")
		helm.install(t, system, "--set=crds.keep=false,admissionPolicies.keep=false")
		helm.run(t, "uninstall", release, "--namespace="+system)
		for _, object := range keptObjects() {
			expectGone(t, object, "", object.GetName())
		}
	})
}

func upgrade(t *testing.T, helm *Helm, namespace string, args ...string) {
	t.Helper()
	helm.run(t, append([]string{"upgrade", release, path, "--namespace=" + namespace, image}, args...)...)
}

func declarePolicy(t *testing.T) *v1alpha1.TokenPolicy {
	t.Helper()
	policy := &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "p", Namespace: "default"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "http://jira:8080/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"default"}},
		},
	}
	eventually(t, func() error { return plane.Client.Create(t.Context(), policy) }) // the custom resource may be new
	return policy
}

func expectPolicy(t *testing.T, policy *v1alpha1.TokenPolicy) {
	t.Helper()
	var have v1alpha1.TokenPolicy
	get(t, &have, policy.Namespace, policy.Name)
	if have.UID != policy.UID || have.DeletionTimestamp != nil {
		t.Errorf("the policy is not the one that was declared: %+v", have.ObjectMeta)
	}
}

// trust writes the webhook's caBundle, as the manager does.
func trust(t *testing.T, bundle string) {
	t.Helper()
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	get(t, &configuration, "", "jira-token-operator")
	for i := range configuration.Webhooks {
		configuration.Webhooks[i].ClientConfig.CABundle = []byte(bundle)
	}
	if err := plane.Client.Update(t.Context(), &configuration, client.FieldOwner("manager")); err != nil {
		t.Fatal(err)
	}
}

func expectTrust(t *testing.T, bundle string) {
	t.Helper()
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	get(t, &configuration, "", "jira-token-operator")
	for _, w := range configuration.Webhooks {
		if string(w.ClientConfig.CABundle) != bundle {
			t.Errorf("the API server trusts %q at %s, no longer what the manager wrote", w.ClientConfig.CABundle, w.Name)
		}
	}
}

func expectGone(t *testing.T, object client.Object, namespace, name string) {
	t.Helper()
	eventually(t, func() error {
		err := plane.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, object)
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("%s is still there: %w", name, err)
	})
}
