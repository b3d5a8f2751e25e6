// SPDX-License-Identifier: Apache-2.0

package tokenpolicy

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

func TestContains(t *testing.T) {
	type object = map[string]any
	type list = []any
	for name, c := range map[string]struct {
		have, want any
		contains   bool
	}{
		"equal":                 {object{"a": int64(1)}, object{"a": int64(1)}, true},
		"more than asked for":   {object{"a": int64(1), "b": "x"}, object{"a": int64(1)}, true},
		"missing":               {object{"b": "x"}, object{"a": int64(1)}, false},
		"different":             {object{"a": int64(2)}, object{"a": int64(1)}, false},
		"deep":                  {object{"a": object{"b": object{"c": true, "d": 1}}}, object{"a": object{"b": object{"c": false}}}, false},
		"longer list":           {list{"a", "b"}, list{"a"}, false},
		"other order":           {list{"b", "a"}, list{"a", "b"}, false},
		"defaulted item fields": {list{object{"name": "a", "protocol": "TCP"}}, list{object{"name": "a"}}, true},
		"empty object dropped":  {nil, object{}, true},
		"empty list dropped":    {nil, list{}, true},
		"emptied list":          {list{"a"}, list{}, false},
		"another kind of value": {"a", object{"a": "b"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if have := contains(c.have, c.want); have != c.contains {
				t.Errorf("want %v, have %v", c.contains, have)
			}
		})
	}
}

func deployment(available int32, conditions ...appsv1.DeploymentCondition) *appsv1.Deployment {
	return &appsv1.Deployment{Status: appsv1.DeploymentStatus{AvailableReplicas: available, Conditions: conditions}}
}

func TestJudgeDeployment(t *testing.T) {
	late := appsv1.DeploymentCondition{
		Type: appsv1.DeploymentProgressing, Status: corev1.ConditionFalse, Message: "ReplicaSet has timed out progressing.",
	}
	stale := deployment(0, late)
	stale.Generation = 2
	for name, c := range map[string]struct {
		deployment *appsv1.Deployment
		reason     string
		stalled    bool
	}{
		"starting":                  {deployment(0), v1alpha1.ReasonGatewayStarting, false},
		"available":                 {deployment(1), v1alpha1.ReasonGatewayReady, false},
		"available, roll-out hangs": {deployment(1, late), v1alpha1.ReasonGatewayReady, false},
		"nothing available in time": {deployment(0, late), v1alpha1.ReasonGatewayFailed, true},
		"that was the last version": {stale, v1alpha1.ReasonGatewayStarting, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
			fillStatus(p, nil, judgeDeployment(c.deployment), 0)
			ready := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
			if ready.Reason != c.reason || meta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionStalled) != c.stalled {
				t.Errorf("have %+v", p.Status.Conditions)
			}
			if p.Status.ObservedGeneration != 3 {
				t.Errorf("observedGeneration %d", p.Status.ObservedGeneration)
			}
			again := p.DeepCopy()
			fillStatus(again, nil, judgeDeployment(c.deployment), 0)
			if !equality.Semantic.DeepEqual(p.Status, again.Status) {
				t.Error("the same finding changes the status")
			}
		})
	}
}

// At most one of Reconciling and Stalled is there, and none when the policy is ready, whatever came before.
func TestConditionsGoTogether(t *testing.T) {
	findings := []*problemError{
		nil, {reason: "A", message: "a", waiting: true}, {reason: "B", message: "b"},
	}
	for i, before := range findings {
		for j, now := range findings {
			p := &v1alpha1.TokenPolicy{}
			gateway := judgeDeployment(deployment(1))
			fillStatus(p, before, gateway, 1)
			fillStatus(p, now, gateway, 1)
			is := func(kind string) bool { return meta.IsStatusConditionTrue(p.Status.Conditions, kind) }
			if is(v1alpha1.ConditionReady) != (j == 0) || is(v1alpha1.ConditionReconciling) != (j == 1) ||
				is(v1alpha1.ConditionStalled) != (j == 2) || is(v1alpha1.ConditionAccepted) != (j == 0) {
				t.Errorf("%d → %d: have %+v", i, j, p.Status.Conditions)
			}
		}
	}
}

func TestInUseNamesFive(t *testing.T) {
	var tokens []string
	for i := range 1000 {
		tokens = append(tokens, fmt.Sprintf("ns/t%03d", i))
	}
	p := &v1alpha1.TokenPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "jira"}}
	for n, want := range map[int]string{1: "(1: ns/t000)", 5: "ns/t004)", 6: "ns/t004, …)", 1000: "(1000: ns/t000, "} {
		if have := inUse(p, tokens[:n]).message; !strings.Contains(have, want) {
			t.Errorf("want %q in %s", want, have)
		}
	}
}

func TestTransformSecretKeepsNoCredentialInMemory(t *testing.T) {
	secret := func(kind corev1.SecretType, labels map[string]string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Type: kind, Data: map[string][]byte{"k": []byte("v")},
		}
	}
	ofPolicy := map[string]string{v1alpha1.LabelPolicy: "jira"}
	for name, c := range map[string]struct {
		secret *corev1.Secret
		kept   bool
	}{
		"a credential of Jira":    {secret(corev1.SecretTypeOpaque, ofPolicy), false},
		"a hash Secret":           {secret(v1alpha1.SecretTypeTokenHash, ofPolicy), true},
		"a gateway configuration": {secret(v1alpha1.SecretTypeGatewayConfig, ofPolicy), true},
		"a token Secret, which controllers/apitoken transforms": {
			secret(corev1.SecretTypeOpaque, map[string]string{v1alpha1.LabelPolicy: "jira", v1alpha1.LabelTokenUID: "u"}), true,
		},
	} {
		if _, err := TransformSecret(c.secret); err != nil {
			t.Fatal(err)
		}
		if have := string(c.secret.Data["k"]) == "v"; have != c.kept {
			t.Errorf("%s: kept is %v, want %v", name, have, c.kept)
		}
	}
	if other, err := TransformSecret("anything else"); err != nil || other != "anything else" {
		t.Errorf("have %v, %v", other, err)
	}
}
