// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func hashSecret(namespace string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: "forged-", Namespace: namespace, Labels: map[string]string{v1alpha1.LabelPolicy: "jira"},
		},
		Type: v1alpha1.SecretTypeTokenHash, Data: map[string][]byte{"credential.json": []byte("{}")},
	}
}

func clientFor(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	c, err := client.New(config, client.Options{Scheme: plane.Scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Only the manager writes Secrets of our types: not even an administrator does. Everybody with the right may delete.
func TestOnlyTheManagerWritesItsSecrets(t *testing.T) {
	installDefault(t)
	namespace := plane.Namespace(t)
	manager := clientFor(t, plane.ServiceAccount(t, systemNamespace, managerAccount))
	eventually(t, func() error { // the API server compiles the policy in the background
		if err := plane.Client.Create(t.Context(), hashSecret(namespace), client.DryRunAll); !apierrors.IsForbidden(err) {
			return fmt.Errorf("an administrator may forge a hash Secret: %w", err)
		}
		return nil
	})
	err := plane.Client.Create(t.Context(), hashSecret(namespace))
	want := "Secrets of the type jiratokens.io/token-hash are written by jira-token-operator alone. To revoke a token, suspend or delete its ApiToken"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("\nwant %s\nhave %v", want, err)
	}
	secret := hashSecret(namespace)
	if err := manager.Create(t.Context(), secret); err != nil {
		t.Fatalf("the manager can't create a hash Secret: %v", err)
	}
	for name, edit := range map[string]func(*corev1.Secret){
		"data":    func(s *corev1.Secret) { s.Data["credential.json"] = []byte("{forged}") },
		"labels":  func(s *corev1.Secret) { s.Labels[v1alpha1.LabelPolicy] = "other" },
		"nothing": func(*corev1.Secret) {},
	} {
		changed := secret.DeepCopy()
		edit(changed)
		if err := plane.Client.Update(t.Context(), changed); !apierrors.IsForbidden(err) {
			t.Errorf("an administrator may change %s of a hash Secret: %v", name, err)
		}
		if err := manager.Update(t.Context(), changed, client.DryRunAll); err != nil {
			t.Errorf("the manager can't change %s of a hash Secret: %v", name, err)
		}
	}
	expectGarbageCollectorWorks(t, secret)

	other := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "other", Namespace: namespace}}
	if err := plane.Client.Create(t.Context(), other); err != nil {
		t.Errorf("a Secret of another type is refused: %v", err)
	}
	other.Type = v1alpha1.SecretTypeTokenHash
	if err := plane.Client.Update(t.Context(), other); err == nil {
		t.Error("an Opaque Secret can be made a hash Secret")
	}
	if err := plane.Client.Delete(t.Context(), secret); err != nil {
		t.Errorf("an administrator can't delete a hash Secret, which is the way to revoke in an emergency: %v", err)
	}
}

// asManager has the manager's name, but an administrator's rights: admission goes by the name.
func asManager(t *testing.T) client.Client {
	t.Helper()
	return asAccount(t, systemNamespace, managerAccount)
}

func asAccount(t *testing.T, namespace, name string) client.Client {
	t.Helper()
	config := rest.CopyConfig(plane.Config)
	config.Impersonate.UserName = "system:serviceaccount:" + namespace + ":" + name
	config.Impersonate.Groups = []string{"system:masters"} // RBAC is none of these tests' business
	return clientFor(t, config)
}

// expectGarbageCollectorWorks: it takes owner references off an object whose owner was deleted with --cascade=orphan.
func expectGarbageCollectorWorks(t *testing.T, secret *corev1.Secret) {
	t.Helper()
	collector := asAccount(t, "kube-system", "generic-garbage-collector")
	orphan := secret.DeepCopy()
	orphan.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "1"}}
	if err := collector.Update(t.Context(), orphan, client.DryRunAll); err != nil {
		t.Errorf("the garbage collector can't change owner references: %v", err)
	}
	orphan.Data["credential.json"] = []byte("{forged}")
	if err := collector.Update(t.Context(), orphan, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("the garbage collector may change what a hash Secret grants: %v", err)
	}
}

// Go collects garbage before the memory limit is met. With the default alone 100,000 tokens were measured to take 1.5 GiB.
func TestManagerHasRoomForManyTokens(t *testing.T) {
	var d appsv1.Deployment
	content := decode(t, read(t, configPath("manager", "manager.yaml")))[0]
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(content.Object, &d); err != nil {
		t.Fatal(err)
	}
	container := d.Spec.Template.Spec.Containers[0]
	limit := container.Resources.Limits.Memory().Value()
	i := slices.IndexFunc(container.Env, func(e corev1.EnvVar) bool { return e.Name == "GOMEMLIMIT" })
	if i < 0 {
		t.Fatal("GOMEMLIMIT is not set")
	}
	mebibytes, err := strconv.ParseInt(strings.TrimSuffix(container.Env[i].Value, "MiB"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	if share := float64(mebibytes<<20) / float64(limit); limit < 3<<29 || share < 0.85 || share > 0.91 {
		t.Errorf("GOMEMLIMIT %d MiB is %.2f of the limit of %d bytes", mebibytes, share, limit)
	}
}

// The manager's pods are admitted where only restricted ones are.
func TestManagerIsRestricted(t *testing.T) {
	installDefault(t)
	var d appsv1.Deployment
	key := client.ObjectKey{Namespace: systemNamespace, Name: managerAccount}
	if err := plane.Client.Get(t.Context(), key, &d); err != nil {
		t.Fatal(err)
	}
	pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
	pod.Namespace, pod.GenerateName = systemNamespace, "manager-"
	if err := plane.Client.Create(t.Context(), pod, client.DryRunAll); err != nil {
		t.Error(err)
	}
	if image := pod.Spec.Containers[0]; image.Env[0].Value != image.Image {
		t.Errorf("gateways would run %s and not the manager's image %s", image.Env[0].Value, image.Image)
	}
}
