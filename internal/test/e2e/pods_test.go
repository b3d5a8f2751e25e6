// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/e2e-framework/klient/wait"
	"sigs.k8s.io/e2e-framework/klient/wait/conditions"
)

const podPatience = 2 * time.Minute

// restrictedNamespace takes only pods that keep to the Pod Security profile "restricted".
func restrictedNamespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
	}}}
}

// pod runs a program of the workload image, which answers on port 8080. It is not started again if it ends: what it counted
// would be lost unseen.
func pod(namespace, name, command string, args ...string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  new(false),
			TerminationGracePeriodSeconds: new(int64(1)),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), RunAsUser: new(int64(65532)),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "program", Image: set.workloads, Command: append([]string{command}, args...),
				ReadinessProbe: &corev1.Probe{
					ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}},
					PeriodSeconds: 1, TimeoutSeconds: 10, FailureThreshold: 30,
				},
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true),
					Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}

// mount shows a Secret to the pod as files.
func mount(p *corev1.Pod, secret, path string) {
	const volume = "secret"
	p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{
		Name: volume, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secret}},
	})
	mounts := &p.Spec.Containers[0].VolumeMounts
	*mounts = append(*mounts, corev1.VolumeMount{Name: volume, MountPath: path, ReadOnly: true})
}

func podReady(ctx context.Context, namespace, name string) error {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	ready := conditions.New(suite.EnvConf().Client().Resources()).PodReady(p)
	if err := wait.For(ready, wait.WithContext(ctx), wait.WithTimeout(podPatience), wait.WithInterval(200*time.Millisecond)); err != nil {
		return fmt.Errorf("pod %s/%s is not ready: %w", namespace, name, err)
	}
	return nil
}

// rolledOut waits until a Deployment runs what it says, and nothing else. It asks again and again, as a busy API server may end
// the watch of kubectl rollout status.
func rolledOut(ctx context.Context, namespace, name string) error {
	var last error
	done := func(ctx context.Context) (bool, error) {
		var d appsv1.Deployment
		if last = kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &d); last != nil {
			return false, nil //nolint:nilerr // told when the time is over
		}
		have, wanted := &d.Status, *d.Spec.Replicas
		last = fmt.Errorf("of %d pods %d are new and %d available, and %d are there", wanted, have.UpdatedReplicas,
			have.AvailableReplicas, have.Replicas)
		return have.ObservedGeneration >= d.Generation && have.UpdatedReplicas == wanted && have.Replicas == wanted &&
			have.AvailableReplicas == wanted, nil
	}
	if err := wait.For(done, wait.WithContext(ctx), wait.WithTimeout(installPatience), wait.WithInterval(200*time.Millisecond)); err != nil {
		return fmt.Errorf("deployment %s/%s is not rolled out: %w: %w", namespace, name, err, last)
	}
	return nil
}
