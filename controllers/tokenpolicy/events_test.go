// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// events are those of a policy's namespace with a reason.
func events(t *testing.T, p *v1alpha1.TokenPolicy, reason string) []eventsv1.Event {
	t.Helper()
	list, err := plane.Clientset.EventsV1().Events(p.Namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var out []eventsv1.Event
	for _, e := range list.Items {
		if e.Reason == reason {
			out = append(out, e)
		}
	}
	return out
}

// expectEvent waits for an event with a text and returns all with its reason.
func expectEvent(t *testing.T, p *v1alpha1.TokenPolicy, reason, text string) []eventsv1.Event {
	t.Helper()
	var found []eventsv1.Event
	eventually(t, func() error {
		found = events(t, p, reason)
		for _, e := range found {
			if strings.Contains(e.Note, text) {
				return nil
			}
		}
		return fmt.Errorf("want %s with %q, have %+v", reason, text, found)
	})
	return found
}

// The events API counts events of one reason about one object as one and drops the later notes.
func TestCreatedObjectsAreNamedInOneEvent(t *testing.T) {
	p := create(t, newPolicy(plane.Namespace(t)))
	found := expectEvent(t, p, "GatewayObjectCreated", "created Secret jira-gateway-config, ServiceAccount jira-gateway, Role jira-gateway, "+
		"RoleBinding jira-gateway, NetworkPolicy jira-gateway, PodDisruptionBudget jira-gateway, Service jira-gateway, Deployment jira-gateway")
	if len(found) != 1 || found[0].Series != nil {
		t.Errorf("have %+v", found)
	}
}

func TestObjectsThatAreMadeLaterAreNamedToo(t *testing.T) {
	p := create(t, newPolicy(plane.Namespace(t), caBundle))
	expectEvent(t, p, "GatewayObjectCreated", "created Secret jira-gateway-config")
	secret := labelled(map[string][]byte{"ca.crt": certificate(t)})
	secret.Namespace = p.Namespace
	create(t, secret)
	expectEvent(t, p, "GatewayObjectCreated", "created ServiceAccount jira-gateway, Role jira-gateway")
}

// Each object's drift is an event of its own.
func TestDriftOfSeveralObjectsIsTold(t *testing.T) {
	p := ready(t)
	for _, kind := range []string{"Role", "Service"} {
		update(t, gatewayObjects(p)[kind], func(o client.Object) { o.SetLabels(nil) })
		expectEvent(t, p, "DriftCorrected", kind+" jira-gateway had been changed")
	}
}

// What a mutating webhook adds to lists is not ours, and server-side apply leaves it alone. It must not look like drift,
// and must not be applied against each time that the policy is reconciled.
func TestWhatAWebhookAddsIsNoDrift(t *testing.T) {
	p := ready(t)
	var d appsv1.Deployment
	d.Namespace, d.Name = p.Namespace, resources.GatewayName(p.Name)
	update(t, &d, func(d *appsv1.Deployment) {
		spec := &d.Spec.Template.Spec
		spec.Tolerations = append(spec.Tolerations, corev1.Toleration{Key: "pool", Operator: corev1.TolerationOpExists})
		spec.Volumes = append(spec.Volumes, corev1.Volume{
			Name: "injected", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}},
		})
		spec.Containers[0].Env = append(spec.Containers[0].Env, corev1.EnvVar{Name: "INJECTED", Value: "1"})
		spec.Containers = append(spec.Containers, corev1.Container{Name: "sidecar", Image: "mesh"})
	})
	key := client.ObjectKeyFromObject(&d)
	eventually(t, func() error {
		if n := applied.count("Deployment", key); n == 0 {
			return fmt.Errorf("the addition was not looked at yet")
		}
		return nil
	})
	update(t, &d, func(d *appsv1.Deployment) { d.Annotations["theirs"] = "1" }) // one more version
	for range 10 {
		if _, err := under.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := get(t, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Spec.Template.Spec.Containers) != 2 || len(d.Spec.Template.Spec.Volumes) != 3 || len(d.Spec.Template.Spec.Tolerations) != 1 {
		t.Errorf("the additions were taken away: %+v", d.Spec.Template.Spec)
	}
	if n := applied.count("Deployment", key); n > 5 { // once a version, and the first one also by a reconcile of the test's
		t.Errorf("applied %d times, and nothing changed", n)
	}
	// Real drift of the same object is corrected and told, and the event about it is the first one.
	update(t, &d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "evil" })
	for _, e := range expectEvent(t, p, "DriftCorrected", "Deployment jira-gateway had been changed") {
		if e.Series != nil {
			t.Errorf("it was told before there was any drift: %+v", e)
		}
	}
}

// Two Jira tokens of one owner: the gateway goes on with one, and somebody should know.
func TestAmbiguousOwnerTokenIsTold(t *testing.T) {
	p := ready(t)
	token := func(name, owner string) *corev1.Secret {
		s := labelled(map[string][]byte{"owner": []byte(owner), "token": []byte("pat")})
		s.Namespace, s.Name = p.Namespace, name
		s.Labels[v1alpha1.LabelCredential] = v1alpha1.CredentialOwnerToken
		return create(t, s)
	}
	token("alice-1", "alice")
	second := token("alice-2", "Alice")
	text := `there is more than one Jira token of owner "alice" (Secrets alice-1, alice-2)`
	expectEvent(t, p, "OwnerTokenAmbiguous", text)
	expectMessage := func(wanted bool) {
		t.Helper()
		eventually(t, func() error {
			c := expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
			if strings.Contains(c.Message, text) != wanted {
				return fmt.Errorf("want it: %v, have %s", wanted, c.Message)
			}
			return nil
		})
	}
	expectMessage(true)
	for range 5 {
		if _, err := under.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)}); err != nil {
			t.Fatal(err)
		}
	}
	if found := events(t, p, "OwnerTokenAmbiguous"); len(found) != 1 || found[0].Series != nil || found[0].Type != corev1.EventTypeWarning {
		t.Errorf("once per change is enough, have %+v", found)
	}
	if err := k8s.Delete(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	expectMessage(false)
}
