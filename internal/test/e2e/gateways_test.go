// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func gatewayRollingUpdate() types.Feature {
	return story("gateway rolling update", "no request fails while all gateways are replaced", func(t *testing.T) {
		t.Helper()
		before, old := standing.reports(t), podNames(t, policyNamespace)
		_, err := kubectl(t.Context(), "", "rollout", "restart", "-n", policyNamespace, "deployment/"+gatewayName)
		must(t, err)
		gatewaysReplaced(t, old)
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "%d gateways replaced; %s", len(old), report)
	})
}

func policyChange() types.Feature {
	return story("policy change", "no request fails while the policy changes under it", func(t *testing.T) {
		t.Helper()
		before := standing.reports(t)
		addresses := []v1alpha1.HTTPURL{"http://jira." + jiraNamespace + ".svc.cluster.local/jira", jiraURL}
		const changes = 6
		for i := range changes {
			changePolicy(t, func(spec *v1alpha1.TokenPolicySpec) {
				spec.Jira.URL = addresses[i%len(addresses)]
				spec.Defaults = &v1alpha1.TokenDefaults{RateLimit: &v1alpha1.RateLimit{Requests: int32(60000 + i), Period: "1m"}}
			})
			policyReady(t)
		}
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "%d changes of Jira's address and of the default rate limit; %s", changes, report)
	})
}

func gatewayKilled() types.Feature {
	return story("gateway killed", "the other gateway takes over within seconds", func(t *testing.T) {
		t.Helper()
		before, old := standing.reports(t), podNames(t, policyNamespace)
		killed := time.Now()
		kill(t, policyNamespace, old[0])
		gatewaysReplaced(t, old[:1])
		report := standing.since(t, before)
		var last time.Duration // from the kill to the last failure
		for _, f := range report.Failures {
			last = max(last, f.At.Sub(killed))
		}
		seen(t, "one of %d gateways killed without a warning: the last request failed %s later; %s", len(old),
			last.Round(time.Millisecond), report)
		if last > 10*time.Second {
			t.Errorf("requests failed until %s after the kill", last)
		}
		after := standing.reports(t)
		eventually(t, "requests are made after it", func() error { return enough(standing.since(t, after)) })
		noFailure(t, standing.since(t, after))
	})
}

// kill ends a pod at once, as a failure would: no signal to be heard, no time to drain.
func kill(t *testing.T, namespace string, pods ...string) {
	t.Helper()
	args := append([]string{"delete", "pod", "-n", namespace, "--grace-period=0", "--force", "--wait=false"}, pods...)
	_, err := kubectl(t.Context(), "", args...)
	must(t, err)
}

func podNames(t *testing.T, namespace string) (names []string) {
	t.Helper()
	var pods corev1.PodList
	must(t, kube.List(t.Context(), &pods, client.InNamespace(namespace)))
	for i := range pods.Items {
		if pods.Items[i].DeletionTimestamp == nil {
			names = append(names, pods.Items[i].Name)
		}
	}
	return names
}

// gatewaysReplaced waits until the old pods are gone and all that the policy asks for are there.
func gatewaysReplaced(t *testing.T, old []string) {
	t.Helper()
	for _, name := range old {
		_, err := kubectl(t.Context(), "", "wait", "--for=delete", "-n", policyNamespace, "pod/"+name, "--timeout="+installPatience.String())
		must(t, err)
	}
	must(t, gatewaysReady(t.Context()))
}

func gatewaysReady(ctx context.Context) error { return rolledOut(ctx, policyNamespace, gatewayName) }

func gatewayImage(t *testing.T) string {
	t.Helper()
	var d appsv1.Deployment
	must(t, kube.Get(t.Context(), client.ObjectKey{Namespace: policyNamespace, Name: gatewayName}, &d))
	return d.Spec.Template.Spec.Containers[0].Image
}

// policyReady waits until the manager has followed the policy as it is now.
func policyReady(t *testing.T) {
	t.Helper()
	eventually(t, "the policy is ready", func() error {
		var p v1alpha1.TokenPolicy
		if err := kube.Get(t.Context(), client.ObjectKey{Namespace: policyNamespace, Name: policyName}, &p); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.Status != metav1.ConditionTrue || c.ObservedGeneration != p.Generation {
			return fmt.Errorf("its condition Ready is %+v", c)
		}
		return nil
	})
}
