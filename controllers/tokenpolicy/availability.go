// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// availability is whether the gateway serves requests, and why not.
type availability struct {
	available       bool
	failed          bool // and nothing is tried any more that could change it
	reason, message string
}

// judgeDeployment counts what the Deployment reports. One pod is enough to be available: a roll-out of the next version
// does not make the policy unready.
func judgeDeployment(d *appsv1.Deployment) availability {
	wanted := int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	if d.Status.AvailableReplicas > 0 {
		// No numbers: they would rewrite the status with each step of a roll-out.
		return availability{available: true, reason: v1alpha1.ReasonGatewayReady, message: "the gateway serves requests"}
	}
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && c.Status == corev1.ConditionFalse &&
			d.Status.ObservedGeneration >= d.Generation {
			return availability{failed: true, reason: v1alpha1.ReasonGatewayFailed, message: fmt.Sprintf(
				"no pod of the gateway became ready in time: %s; see kubectl describe pods -n %s -l app.kubernetes.io/instance=%s",
				c.Message, d.Namespace, d.Labels["app.kubernetes.io/instance"])}
		}
	}
	return availability{reason: v1alpha1.ReasonGatewayStarting, message: fmt.Sprintf(
		"none of the gateway's %d pods is available yet; see kubectl get deployment -n %s %s", wanted, d.Namespace, d.Name)}
}

func (a *availability) problem() *problemError {
	if a.available {
		return nil
	}
	return &problemError{reason: a.reason, message: a.message, waiting: !a.failed}
}
