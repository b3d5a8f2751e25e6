// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func scheduling(s *v1alpha1.Scheduling) func(*v1alpha1.TokenPolicy) {
	return func(p *v1alpha1.TokenPolicy) { p.Spec.Gateway = &v1alpha1.Gateway{Scheduling: s} }
}

func onEdgeNodes() *v1alpha1.Scheduling {
	return &v1alpha1.Scheduling{
		NodeSelector: map[string]v1alpha1.LabelValue{"example.com/pool": "edge", "kubernetes.io/arch": "amd64"},
		Tolerations: []v1alpha1.Toleration{
			{Key: "example.com/pool", Value: "edge", Effect: corev1.TaintEffectNoSchedule},
			{
				Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists,
				Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](30),
			},
		},
		PriorityClassName: "ingress-critical",
	}
}

// expectPods waits for the pods of a gateway's Deployment to be asked for as they should.
func expectPods(t *testing.T, p *v1alpha1.TokenPolicy, condition func(*corev1.PodSpec) bool) *appsv1.Deployment {
	t.Helper()
	var d appsv1.Deployment
	eventually(t, func() error {
		if err := k8s.Get(t.Context(), gatewayKey(p), &d); err != nil {
			return err
		}
		if spec := &d.Spec.Template.Spec; !condition(spec) {
			return fmt.Errorf("have %v %+v %q", spec.NodeSelector, spec.Tolerations, spec.PriorityClassName)
		}
		return nil
	})
	return &d
}

func onEdge(spec *corev1.PodSpec) bool {
	return maps.Equal(spec.NodeSelector, map[string]string{"example.com/pool": "edge", "kubernetes.io/arch": "amd64"}) &&
		len(spec.Tolerations) == 2 && spec.Tolerations[0].Value == "edge" && *spec.Tolerations[1].TolerationSeconds == 30 &&
		spec.PriorityClassName == "ingress-critical"
}

func anywhere(spec *corev1.PodSpec) bool {
	return len(spec.NodeSelector) == 0 && len(spec.Tolerations) == 0 && spec.PriorityClassName == ""
}

// Pods go where the policy says, come back from there part by part, and in between stay as they are said to be. Pods that
// serve are never fewer than asked for.
func TestSchedulingFollowsThePolicy(t *testing.T) {
	p := ready(t)
	expectPods(t, p, anywhere)
	update(t, p, scheduling(onEdgeNodes()))
	d := expectPods(t, p, onEdge)
	if s := d.Spec.Strategy; s.Type != appsv1.RollingUpdateDeploymentStrategyType || s.RollingUpdate.MaxUnavailable.IntValue() != 0 {
		t.Errorf("pods that serve go before there are others: %+v", s)
	}
	less := onEdgeNodes()
	less.PriorityClassName = ""
	less.Tolerations = less.Tolerations[1:]
	delete(less.NodeSelector, "kubernetes.io/arch")
	update(t, p, scheduling(less))
	expectPods(t, p, func(spec *corev1.PodSpec) bool {
		return maps.Equal(spec.NodeSelector, map[string]string{"example.com/pool": "edge"}) && len(spec.Tolerations) == 1 &&
			spec.Tolerations[0].Key == "node.kubernetes.io/unreachable" && spec.PriorityClassName == ""
	})
	update(t, p, scheduling(&v1alpha1.Scheduling{}))
	expectPods(t, p, anywhere)
	// And from the gateway's first day on, when its Deployment was created rather than applied.
	p = create(t, newPolicy(plane.Namespace(t), scheduling(onEdgeNodes())))
	expectPods(t, p, onEdge)
	update(t, p, func(p *v1alpha1.TokenPolicy) { p.Spec.Gateway = nil })
	expectPods(t, p, anywhere)
}

func TestDriftOfSchedulingIsCorrected(t *testing.T) {
	p := ready(t, scheduling(onEdgeNodes()))
	for name, edit := range map[string]func(*corev1.PodSpec){
		"label":          func(s *corev1.PodSpec) { s.NodeSelector["example.com/pool"] = "other" },
		"no label":       func(s *corev1.PodSpec) { delete(s.NodeSelector, "example.com/pool") },
		"one more label": func(s *corev1.PodSpec) { s.NodeSelector["example.com/none"] = "x" },
		"toleration":     func(s *corev1.PodSpec) { s.Tolerations[0].Value = "other" },
		"one more":       func(s *corev1.PodSpec) { s.Tolerations = append(s.Tolerations, corev1.Toleration{Operator: "Exists"}) },
		"priority":       func(s *corev1.PodSpec) { s.PriorityClassName = "system-node-critical" },
	} {
		t.Run(name, func(t *testing.T) {
			d := expectPods(t, p, onEdge)
			update(t, d, func(d *appsv1.Deployment) { edit(&d.Spec.Template.Spec) })
			expectPods(t, p, onEdge)
		})
	}
}

// What the API server says of a pod whose priority class there is none of, and the Deployment repeats, is in the policy's
// status: no pod exists that could tell.
func TestUnknownPriorityClassIsTold(t *testing.T) {
	p := ready(t, scheduling(onEdgeNodes()))
	d := expectPods(t, p, onEdge)
	pod := &corev1.Pod{ObjectMeta: d.Spec.Template.ObjectMeta, Spec: d.Spec.Template.Spec}
	pod.Namespace, pod.GenerateName = p.Namespace, "jira-gateway-"
	refusal := k8s.Create(t.Context(), pod)
	if !apierrors.IsForbidden(refusal) || !strings.Contains(refusal.Error(), "PriorityClass") {
		t.Fatalf("the pod is to be refused for its priority class: %v", refusal)
	}
	report := func(conditions ...appsv1.DeploymentCondition) { reportConditions(t, d, conditions...) }
	report(appsv1.DeploymentCondition{
		Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate", Message: refusal.Error(),
	})
	said := func(kind string) bool {
		for _, c := range p.Status.Conditions {
			if c.Type == kind {
				return strings.Contains(c.Message, refusal.Error())
			}
		}
		return false
	}
	expectTold := func(told bool) {
		t.Helper()
		eventually(t, func() error {
			err := get(t, p)
			if said(v1alpha1.ConditionGatewayAvailable) != told || said(v1alpha1.ConditionReady) != told {
				err = errors.Join(err, fmt.Errorf("want it told: %v, have %+v", told, p.Status.Conditions))
			}
			return err
		})
	}
	expectTold(true)
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady) // the old ones serve
	makeAvailable(t, p, 0)
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonGatewayStarting)
	expectTold(true)
	report()
	expectTold(false)
}

// reportConditions stands in for the Deployment controller.
func reportConditions(t *testing.T, d *appsv1.Deployment, conditions ...appsv1.DeploymentCondition) {
	t.Helper()
	eventually(t, func() error {
		return errors.Join(get(t, d), func() error {
			d.Status.ObservedGeneration, d.Status.Conditions = d.Generation, conditions
			return k8s.Status().Update(t.Context(), d)
		}())
	})
}

// A webhook that says more than a status can hold does not keep the policy's what it was.
func TestLongRefusalOfPodsIsTold(t *testing.T) {
	p := ready(t)
	d := expectPods(t, p, anywhere)
	makeAvailable(t, p, 0)
	reportConditions(t, d, appsv1.DeploymentCondition{
		Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Reason: "FailedCreate",
		Message: "webhook denied: \x1b[2J\nline two " + strings.Repeat("x", 40000),
	})
	eventually(t, func() error {
		c := expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonGatewayStarting)
		if !strings.Contains(c.Message, ": webhook denied: [2J line two xxx") {
			return fmt.Errorf("have %.200q", c.Message)
		}
		return nil
	})
}

// The schema takes what pods may have; that the API server does not take what the schema refuses is for the samples.
func TestSchedulingThatPodsMayHave(t *testing.T) {
	long := strings.Repeat("a", 63)
	p := create(t, newPolicy(plane.Namespace(t), scheduling(&v1alpha1.Scheduling{
		NodeSelector: map[string]v1alpha1.LabelValue{"node-role.kubernetes.io/infra": "", "sub.example.com/" + long: v1alpha1.LabelValue(long)},
		Tolerations: []v1alpha1.Toleration{
			{Operator: corev1.TolerationOpExists},
			{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](0)},
			{Key: "dedicated"},
			{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "", Effect: corev1.TaintEffectPreferNoSchedule},
		},
		PriorityClassName: "team.ingress-critical",
	})))
	d := expectPods(t, p, func(spec *corev1.PodSpec) bool { return len(spec.Tolerations) == 4 })
	if len(d.Spec.Template.Spec.NodeSelector) != 2 || d.Spec.Template.Spec.PriorityClassName != "team.ingress-critical" {
		t.Errorf("have %+v", d.Spec.Template.Spec)
	}
	// What the API server keeps is what is asked for: the Deployment is never applied to again.
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"mallory"}}
	})
	expectCondition(t, p, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	if n := applied.count("Deployment", gatewayKey(p)); n != 0 {
		t.Errorf("applied %d times, and nothing changed", n)
	}
}
