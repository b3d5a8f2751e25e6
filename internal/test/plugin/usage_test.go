// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// TestUsageWithoutGateways: whoever gets no answer reads why.
func TestUsageWithoutGateways(t *testing.T) {
	p := newPolicy(t)
	personal := newPolicy(t, func(p *v1alpha1.TokenPolicy) { p.Spec.PersonalCredentials = &v1alpha1.PersonalCredentials{} })
	alice := newPerson(t, "alice")
	ask := func(policy string) result { return alice.runs(t, "usage", "--policy", policy) }
	ask(name(p)).expect(t, 1, "you may not list pods in namespace "+p.Namespace, "pods/portforward")
	for _, namespace := range []string{p.Namespace, personal.Namespace} {
		alice.may(t, "list", "", "pods", namespace)
		alice.may(t, "get", v1alpha1.GroupVersion.Group, "tokenpolicies", namespace)
	}
	ask(p.Namespace+"/other").expect(t, 1, "policy "+p.Namespace+"/other does not exist in this cluster")
	ask(name(p)).expect(t, 1, "has no gateway pods, and no spec.personalCredentials")
	ask(name(personal)).expect(t, 1, "has no gateway pods: look at its status, and at the Deployment jira-gateway")

	newPod(t, personal, "a", corev1.PodPending)
	ask(name(personal)).expect(t, 1, "none of 1 gateway pods could be asked; a: it is not running (Pending)")
	newPod(t, personal, "b", corev1.PodRunning)
	ask(name(personal)).expect(t, 1, "none of 2 gateway pods could be asked")
}

// newPod makes a pod of the gateway's that no kubelet runs.
func newPod(t *testing.T, p *v1alpha1.TokenPolicy, name string, phase corev1.PodPhase) {
	t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: name, Labels: resources.PodLabels(p.Name)},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "gateway", Image: "none", Ports: []corev1.ContainerPort{{Name: resources.PortNameAdmin, ContainerPort: 8081}},
		}}},
	}
	must(t, plane.Client.Create(t.Context(), pod))
	pod.Status.Phase = phase
	must(t, plane.Client.Status().Update(t.Context(), pod))
}
