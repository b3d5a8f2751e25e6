// SPDX-License-Identifier: Apache-2.0

package health_test

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// policyState is a state of a TokenPolicy.
type policyState struct {
	state, reason string
	ready         bool
	also          string
	policy        func(*v1alpha1.TokenPolicy)
	reach         func(*world) // after the policy was made
}

func policyStates() []policyState {
	const stalled, reconciling = v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling
	return []policyState{
		{"its gateway serves requests", v1alpha1.ReasonGatewayReady, true, "", nil, func(w *world) { w.gateway(available) }},
		{"its gateway's pods are not ready yet", v1alpha1.ReasonGatewayStarting, false, reconciling, nil, func(*world) {}},
		{"no pod of its gateway became ready in time", v1alpha1.ReasonGatewayFailed, false, stalled, nil, func(w *world) { w.gateway(failed) }},
		{"a Secret that it refers to is missing", v1alpha1.ReasonInvalidReference, false, reconciling, withCA, func(*world) {}},
		{"a Secret that it refers to can't be used", v1alpha1.ReasonInvalidReference, false, stalled, withCA, func(w *world) {
			w.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.policy.Namespace, Name: "ca", Labels: map[string]string{
				v1alpha1.LabelPolicy: w.policy.Name,
			}}})
		}},
		{"a value in it can't be used", v1alpha1.ReasonInvalidSpec, false, stalled, func(p *v1alpha1.TokenPolicy) {
			p.Spec.AllowedNamespaces = v1alpha1.NamespaceSet{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"no key": "x"}}}
		}, func(*world) {}},
		{"an older policy is in its namespace", v1alpha1.ReasonAnotherPolicy, false, stalled, nil, func(w *world) {
			second := newPolicy(w.policy.Namespace, w.namespace)
			second.Name = "second"
			w.createAfter(w.policy, second)
			w.policy = second
		}},
		{"an object of somebody else's is in its gateway's way", v1alpha1.ReasonForeignObject, false, stalled, nil, func(w *world) {
			other := newPolicy(plane.Namespace(w), w.namespace)
			w.create(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: other.Namespace, Name: resources.GatewayName(other.Name)}})
			w.create(other)
			w.policy = other
		}},
		{"the API server does not take an object of its gateway's", v1alpha1.ReasonGatewayRefused, false, stalled, nil, func(w *world) {
			w.gateway(available)
			edit(w, w.policy, func(p *v1alpha1.TokenPolicy) {
				p.Spec.Gateway = &v1alpha1.Gateway{Service: &v1alpha1.GatewayService{Type: corev1.ServiceTypeNodePort, NodePort: new(int32(443))}}
			})
		}},
		{"Jira does not take the gateway's requests for the owners'", v1alpha1.ReasonImpersonationRefused, false, stalled, nil, func(w *world) {
			w.gateway(available)
			w.verified(metav1.ConditionFalse, v1alpha1.ReasonImpersonationRefused)
		}},
		{"anybody could say who they are", v1alpha1.ReasonHeaderBelievedFromAnybody, false, stalled, nil, func(w *world) {
			w.gateway(available)
			w.verified(metav1.ConditionFalse, v1alpha1.ReasonHeaderBelievedFromAnybody)
		}},
		{"Jira could not be asked", v1alpha1.ReasonGatewayReady, true, "", nil, func(w *world) {
			w.gateway(available)
			w.verified(metav1.ConditionUnknown, v1alpha1.ReasonVerificationImpossible)
		}},
		{"it is being deleted, and tokens work by it", v1alpha1.ReasonInUse, false, reconciling, nil, func(w *world) {
			w.gateway(available)
			w.issued("t")
			eventually(w, "it is held", func() bool {
				must(w, plane.Client.Delete(w.Context(), w.policy))
				return plane.Client.Get(w.Context(), client.ObjectKeyFromObject(w.policy), w.policy) == nil &&
					w.policy.DeletionTimestamp != nil && has(w.policy.Status.Conditions, v1alpha1.ConditionReconciling)
			})
		}},
	}
}

func withCA(p *v1alpha1.TokenPolicy) {
	p.Spec.Jira.CABundle = &v1alpha1.CABundle{SecretRef: v1alpha1.SecretKeyReference{Name: "ca", Key: "ca.crt"}}
}

// createAfter creates a younger policy.
func (w *world) createAfter(older, young *v1alpha1.TokenPolicy) {
	w.Helper()
	eventually(w, "a second has passed", func() bool {
		w.create(young)
		if policy.Elect([]v1alpha1.TokenPolicy{*older, *young}).UID == older.UID {
			return true
		}
		must(w, plane.Client.Delete(w.Context(), young))
		eventually(w, "it is gone", func() bool {
			return plane.Client.Get(w.Context(), client.ObjectKeyFromObject(young), &v1alpha1.TokenPolicy{}) != nil
		})
		young.ObjectMeta = metav1.ObjectMeta{Namespace: young.Namespace, Name: young.Name}
		return false
	})
}

// gateway stands in for the Deployment controller and the kubelet.
func (w *world) gateway(change func(*appsv1.DeploymentStatus)) {
	w.Helper()
	var d appsv1.Deployment
	eventually(w, "the gateway is reported", func() bool {
		key := client.ObjectKey{Namespace: w.policy.Namespace, Name: resources.GatewayName(w.policy.Name)}
		if plane.Client.Get(w.Context(), key, &d) != nil {
			return false
		}
		d.Status.ObservedGeneration = d.Generation
		change(&d.Status)
		return plane.Client.Status().Update(w.Context(), &d) == nil
	})
}

func available(s *appsv1.DeploymentStatus) {
	s.Replicas, s.ReadyReplicas, s.AvailableReplicas = 1, 1, 1
}

func failed(s *appsv1.DeploymentStatus) {
	s.Conditions = []appsv1.DeploymentCondition{{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Reason: "ProgressDeadlineExceeded",
	}}
}

// verified writes what the controller that asks Jira would.
func (w *world) verified(status metav1.ConditionStatus, reason string) {
	w.Helper()
	eventually(w, "it is written", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(w.policy), w.policy))
		meta.SetStatusCondition(&w.policy.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionImpersonationVerified, Status: status, Reason: reason, Message: "as Jira said",
		})
		return plane.Client.Status().Update(w.Context(), w.policy) == nil
	})
}

// settles waits until the policy's Ready has the reason.
func (w *world) settles(reason string) {
	w.Helper()
	last := ""
	eventually(w, "the policy is "+reason, func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(w.policy), w.policy))
		c := meta.FindStatusCondition(w.policy.Status.Conditions, v1alpha1.ConditionReady)
		if said := c.String(); said != last {
			last = said
			w.Log(last)
		}
		return c != nil && c.Reason == reason && w.policy.Status.ObservedGeneration == w.policy.Generation
	})
}
