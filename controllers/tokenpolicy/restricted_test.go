// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Pod Security's profile "restricted" admits the gateway's pod, and is on: it refuses the same pod with one right more.
func TestGatewayPodIsRestricted(t *testing.T) {
	namespace := plane.Namespace(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	p := create(t, newPolicy(namespace))
	var d appsv1.Deployment
	eventually(t, func() error { return k8s.Get(t.Context(), gatewayKey(p), &d) })
	pod := func() *corev1.Pod {
		pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: *d.Spec.Template.Spec.DeepCopy()}
		pod.Namespace, pod.GenerateName = namespace, "gateway-"
		return pod
	}
	if err := k8s.Create(t.Context(), pod()); err != nil {
		t.Errorf("the pod is refused: %v", err)
	}
	privileged := pod()
	privileged.Spec.Containers[0].SecurityContext.Capabilities = nil
	if err := k8s.Create(t.Context(), privileged, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("Pod Security is not on: %v", err)
	}
}

// The gateway's Service has the longest name that is made of the policy's: 63 characters are the limit of labels.
func TestLongestName(t *testing.T) {
	ready(t, func(p *v1alpha1.TokenPolicy) { p.Name = "j23456789-123456789-123456789-123456789-1234567890" })
}
