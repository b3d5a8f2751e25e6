// SPDX-License-Identifier: Apache-2.0

package resources

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// deployment runs the gateway. Its pods do not change with the policy's rules or addresses: they follow the
// configuration Secret while they run.
func deployment(policy *v1alpha1.TokenPolicy, opts Options) *appsv1ac.DeploymentApplyConfiguration {
	spec := appsv1ac.DeploymentSpec().
		WithSelector(selector(policy.Name)).
		WithRevisionHistoryLimit(3).
		WithStrategy(rollingUpdate()).
		WithTemplate(podTemplate(policy, opts))
	if gateway := policy.Spec.Gateway; gateway != nil && gateway.Replicas != nil {
		spec.WithReplicas(*gateway.Replicas) // else the field stays an autoscaler's
	}
	return appsv1ac.Deployment(GatewayName(policy.Name), policy.Namespace).
		WithLabels(Labels(policy.Name)).
		WithOwnerReferences(owner(policy)).
		WithSpec(spec)
}

// rollingUpdate starts the new pod before it stops the old one, so that one replica is enough for a roll-out without a
// gap.
func rollingUpdate() *appsv1ac.DeploymentStrategyApplyConfiguration {
	return appsv1ac.DeploymentStrategy().
		WithType(appsv1.RollingUpdateDeploymentStrategyType).
		WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
			WithMaxUnavailable(intstr.FromInt32(0)).
			WithMaxSurge(intstr.FromInt32(1)))
}

// podTemplate is the gateway's pod; Pod Security's profile "restricted" admits it.
func podTemplate(policy *v1alpha1.TokenPolicy, opts Options) *corev1ac.PodTemplateSpecApplyConfiguration {
	return corev1ac.PodTemplateSpec().
		WithLabels(Labels(policy.Name)).
		WithAnnotations(map[string]string{"kubectl.kubernetes.io/default-container": containerName}).
		WithSpec(withActivityToken(withScheduling(corev1ac.PodSpec().
			WithImagePullSecrets(pullSecrets(policy.Spec.Gateway)...).
			WithServiceAccountName(GatewayName(policy.Name)).
			WithAutomountServiceAccountToken(true). // the gateway watches Secrets
			WithEnableServiceLinks(false).
			WithTerminationGracePeriodSeconds(int64(terminationGrace.Seconds())).
			WithSecurityContext(podSecurity()).
			WithAffinity(awayFromEachOther(policy.Name)).
			WithTopologySpreadConstraints(overZones(policy.Name)).
			WithContainers(container(policy, opts)).
			WithVolumes(corev1ac.Volume().
				WithName(snapshotVolume).
				WithEmptyDir(corev1ac.EmptyDirVolumeSource().
					WithMedium(corev1.StorageMediumMemory). // hashes and Jira's credentials must not touch a disk
					WithSizeLimit(snapshotSizeLimit()))), policy), opts))
}

func pullSecrets(gateway *v1alpha1.Gateway) (references []*corev1ac.LocalObjectReferenceApplyConfiguration) {
	if gateway == nil {
		return nil
	}
	for _, secret := range gateway.ImagePullSecrets {
		references = append(references, corev1ac.LocalObjectReference().WithName(secret.Name))
	}
	return references
}

func podSecurity() *corev1ac.PodSecurityContextApplyConfiguration {
	return corev1ac.PodSecurityContext().
		WithRunAsNonRoot(true).
		WithRunAsUser(nonRootID).
		WithRunAsGroup(nonRootID).
		WithFSGroup(nonRootID).
		WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))
}
