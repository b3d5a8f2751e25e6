// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// pod is a gateway that can be asked, or obstacle says why not.
type pod struct {
	types.NamespacedName

	port     int32
	obstacle string
}

// listPods finds the gateways of a policy.
func listPods(ctx context.Context, api client.Client, policy types.NamespacedName) ([]*pod, error) {
	var list corev1.PodList
	err := api.List(ctx, &list, client.InNamespace(policy.Namespace), client.MatchingLabels(resources.PodLabels(policy.Name)))
	switch {
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf("you may not list pods in namespace %s: ask for that right, and for the one to create "+
			"pods/portforward there: %w", policy.Namespace, err)
	case err != nil:
		return nil, fmt.Errorf("list the gateway's pods in namespace %s: %w", policy.Namespace, err)
	}
	pods := podsOf(list.Items)
	if len(pods) == 0 {
		return nil, whyNoPods(ctx, api, policy)
	}
	return pods, nil
}

func podsOf(items []corev1.Pod) (out []*pod) {
	for i := range items {
		item := &items[i]
		if item.Status.Phase == corev1.PodSucceeded || item.Status.Phase == corev1.PodFailed {
			continue // it serves no more, and another one has taken its place
		}
		p := &pod{NamespacedName: client.ObjectKeyFromObject(item), port: adminPort(item)}
		switch {
		case item.Status.Phase != corev1.PodRunning:
			p.obstacle = "it is not running (" + string(item.Status.Phase) + ")"
		case p.port == 0:
			p.obstacle = "it has no port " + resources.PortNameAdmin
		}
		out = append(out, p)
	}
	return out
}

func adminPort(p *corev1.Pod) int32 {
	for i := range p.Spec.Containers {
		for _, port := range p.Spec.Containers[i].Ports {
			if port.Name == resources.PortNameAdmin {
				return port.ContainerPort
			}
		}
	}
	return 0
}

// whyNoPods tells a wrong name from a gateway that does not run.
func whyNoPods(ctx context.Context, api client.Client, policy types.NamespacedName) error {
	var p v1alpha1.TokenPolicy
	err := api.Get(ctx, policy, &p)
	switch {
	case apierrors.IsNotFound(err):
		return fmt.Errorf("policy %s does not exist in this cluster; kubectl get tokenpolicies -A lists those that do", policy)
	case err == nil && p.Spec.PersonalCredentials == nil:
		return fmt.Errorf("policy %s has no gateway pods, and no spec.personalCredentials: without these nothing is counted", policy)
	}
	return fmt.Errorf("policy %s has no gateway pods: look at its status, and at the Deployment %s in namespace %s",
		policy, resources.GatewayName(policy.Name), policy.Namespace)
}
