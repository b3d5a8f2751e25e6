// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// gatewayDeployment reads the Deployment as the cluster last reported it; nil: there is none of the policy's.
func (r *Reconciler) gatewayDeployment(ctx context.Context, p *v1alpha1.TokenPolicy) (*appsv1.Deployment, error) {
	var d appsv1.Deployment
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: resources.GatewayName(p.Name)}, &d)
	if client.IgnoreNotFound(err) != nil {
		return nil, fmt.Errorf("get the gateway's Deployment: %w", err)
	}
	if !metav1.IsControlledBy(&d, p) { // nor is one that was not found
		return nil, nil //nolint:nilnil // none is a result
	}
	return &d, nil
}

// wantedReplicas is how many pods a Deployment is to have, by the policy or by an autoscaler; nil has none yet.
func wantedReplicas(d *appsv1.Deployment) int32 {
	switch {
	case d == nil:
		return 0
	case d.Spec.Replicas == nil:
		return 1
	}
	return *d.Spec.Replicas
}

// availability is whether the gateway serves requests, and why not.
type availability struct {
	available       bool
	failed          bool // and nothing is tried any more that could change it
	reason, message string
}

// judgeDeployment counts what the Deployment reports. One pod is enough to be available: a roll-out of the next version
// does not make the policy unready.
func judgeDeployment(d *appsv1.Deployment) availability {
	if d == nil {
		return availability{reason: v1alpha1.ReasonGatewayMissing, message: "the gateway is not deployed"}
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
		"none of the gateway's %d pods is available yet; see kubectl get deployment -n %s %s", wantedReplicas(d), d.Namespace, d.Name)}
}

func (a *availability) problem() *problemError {
	if a.available {
		return nil
	}
	return &problemError{reason: a.reason, message: a.message, waiting: !a.failed}
}
