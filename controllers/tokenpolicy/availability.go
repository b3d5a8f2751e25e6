// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
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
// does not make the policy unready, and if it gets nowhere, that is said.
func judgeDeployment(d *appsv1.Deployment) availability {
	if d == nil {
		return availability{reason: v1alpha1.ReasonGatewayMissing, message: "the gateway is not deployed"}
	}
	late := reported(d, appsv1.DeploymentProgressing, corev1.ConditionFalse)
	switch {
	case d.Status.AvailableReplicas > 0:
		// No numbers: they would rewrite the status with each step of a roll-out.
		return availability{available: true, reason: v1alpha1.ReasonGatewayReady, message: joined(
			"the gateway serves requests", stuck(d, late))}
	case late != nil:
		return availability{failed: true, reason: v1alpha1.ReasonGatewayFailed, message: joined(
			"no pod of the gateway became ready in time: "+said(late), whyNoPods(d))}
	}
	return availability{reason: v1alpha1.ReasonGatewayStarting, message: joined(
		fmt.Sprintf("none of the gateway's %d pods is available yet", wantedReplicas(d)), whyNoPods(d))}
}

// stuck is why some pods are not as the policy asks for; empty: nothing is known of that.
func stuck(d *appsv1.Deployment, late *appsv1.DeploymentCondition) string {
	if refused := podsRefused(d); refused != "" || late == nil {
		return refused
	}
	return joined("some of its pods did not become ready in time: "+said(late), whyNoPods(d))
}

// whyNoPods is what is known, or where to look.
func whyNoPods(d *appsv1.Deployment) string {
	if refused := podsRefused(d); refused != "" {
		return refused
	}
	return fmt.Sprintf("see kubectl describe pods -n %s -l app.kubernetes.io/instance=%s",
		d.Namespace, d.Labels["app.kubernetes.io/instance"])
}

// podsRefused is what the API server says of pods that it does not take, such as of a priority class that there is none of:
// there is no pod then that could tell. Empty: it takes them. Since when is said, as it may be over: the ReplicaSet tries
// again ever more seldom.
func podsRefused(d *appsv1.Deployment) string {
	c := reported(d, appsv1.DeploymentReplicaFailure, corev1.ConditionTrue)
	if c == nil || c.Reason != failedCreate {
		return ""
	}
	since := ""
	if !c.LastTransitionTime.IsZero() {
		since = fmt.Sprintf(" (since %s)", c.LastTransitionTime.UTC().Format(time.RFC3339))
	}
	return "new pods can't be made" + since + ": " + said(c)
}

// failedCreate is the reason by which a ReplicaSet tells pods that it could not make from those that it could not delete.
const failedCreate = "FailedCreate"

// said quotes a condition. What it says may come from a webhook, of any length.
func said(c *appsv1.DeploymentCondition) string {
	return strings.TrimSuffix(oneline.Of(c.Message, quotedLimit), ".")
}

// reported finds a condition of the Deployment as it is now, and not of the version before.
func reported(
	d *appsv1.Deployment, kind appsv1.DeploymentConditionType, status corev1.ConditionStatus,
) *appsv1.DeploymentCondition {
	if d.Status.ObservedGeneration < d.Generation {
		return nil
	}
	for i := range d.Status.Conditions {
		if c := &d.Status.Conditions[i]; c.Type == kind && c.Status == status {
			return c
		}
	}
	return nil
}

func (a *availability) problem() *problemError {
	if a.available {
		return nil
	}
	return &problemError{reason: a.reason, message: a.message, waiting: !a.failed}
}
