// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// The Service follows the policy through its types, and what the policy asks for no longer goes.
func TestServiceFollowsThePolicy(t *testing.T) {
	service := func(s v1alpha1.GatewayService) func(*v1alpha1.TokenPolicy) {
		return func(p *v1alpha1.TokenPolicy) { p.Spec.Gateway = &v1alpha1.Gateway{Service: &s} }
	}
	p := ready(t, service(v1alpha1.GatewayService{
		Type: corev1.ServiceTypeLoadBalancer, Port: 443, Annotations: map[string]string{"lb.example/a": "1", "lb.example/b": "2"},
	}))
	expect := func(condition func(*corev1.Service) bool) {
		t.Helper()
		eventually(t, func() error {
			var s corev1.Service
			if err := k8s.Get(t.Context(), gatewayKey(p), &s); err != nil {
				return err
			}
			if !condition(&s) {
				return fmt.Errorf("have %v %+v", s.Annotations, s.Spec)
			}
			return nil
		})
	}
	expect(func(s *corev1.Service) bool {
		return s.Spec.Ports[0].Port == 443 && s.Annotations["lb.example/b"] == "2" &&
			s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
	})
	update(t, p, service(v1alpha1.GatewayService{
		Type: corev1.ServiceTypeNodePort, Port: 80, NodePort: ptr.To[int32](30123), Annotations: map[string]string{"lb.example/a": "1"},
	}))
	expect(func(s *corev1.Service) bool {
		_, left := s.Annotations["lb.example/b"]
		return !left && len(s.Spec.Ports) == 1 && s.Spec.Ports[0].NodePort == 30123 &&
			s.Spec.Type == corev1.ServiceTypeNodePort && s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal
	})
	update(t, p, func(p *v1alpha1.TokenPolicy) { p.Spec.Gateway = nil })
	expect(func(s *corev1.Service) bool {
		return s.Spec.Type == corev1.ServiceTypeClusterIP && s.Spec.ExternalTrafficPolicy == "" &&
			s.Spec.Ports[0].NodePort == 0 && s.Annotations["lb.example/a"] == ""
	})
}

// denyReachesTheGateway adds a deny to the policy and waits for it in the gateway's configuration.
func denyReachesTheGateway(t *testing.T, p *v1alpha1.TokenPolicy) {
	t.Helper()
	update(t, p, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"mallory"}}
	})
	expectConfig(t, p, func(c *gatewayconfig.Config) bool {
		return c.Policy.Generation == p.Generation && len(c.Deny.Owners) == 1
	})
}

// expectConfig waits for the gateway's configuration to be as it should.
func expectConfig(t *testing.T, p *v1alpha1.TokenPolicy, condition func(*gatewayconfig.Config) bool) {
	t.Helper()
	eventually(t, func() error {
		var s corev1.Secret
		key := client.ObjectKey{Namespace: p.Namespace, Name: resources.ConfigName(p.Name)}
		if err := k8s.Get(t.Context(), key, &s); err != nil {
			return err
		}
		config, err := gatewayconfig.Decode(s.Data[gatewayconfig.DataKey])
		if err != nil {
			return err
		}
		if !condition(config) {
			return fmt.Errorf("have %+v", config)
		}
		return nil
	})
}

func TestConfigurationFollowsThePolicy(t *testing.T) { denyReachesTheGateway(t, ready(t)) }

// A deny is for an emergency: it does not wait until everything else about the policy is right.
func TestDenyReachesTheGatewayWhateverElseIsWrong(t *testing.T) {
	t.Run("a Secret is missing", func(t *testing.T) {
		p := ready(t)
		update(t, p, caBundle)
		expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonInvalidReference)
		denyReachesTheGateway(t, p)
		expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonInvalidReference)
	})
	for _, kind := range []string{"Deployment", "Service", "Role", "ServiceAccount", "NetworkPolicy"} {
		t.Run("somebody else's "+kind, func(t *testing.T) {
			p := ready(t)
			update(t, gatewayObjects(p)[kind], makeForeign)
			expectCondition(t, p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
			denyReachesTheGateway(t, p)
			expectCondition(t, p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
		})
	}
	t.Run("the policy is held in its deletion", func(t *testing.T) {
		p := ready(t)
		newCredential(t, p, 0)
		expectTokens(t, p, 1)
		if err := k8s.Delete(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
		denyReachesTheGateway(t, p)
	})
}

// The garbage collector deletes the configuration of a policy that is deleted in the foreground; making it again would be
// a fight without end.
func TestHeldPolicyMakesNothing(t *testing.T) {
	p := ready(t)
	newCredential(t, p, 0)
	expectTokens(t, p, 1)
	if err := k8s.Delete(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
	config := gatewayObjects(p)["Secret"]
	if err := k8s.Delete(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error { // once the cache knows
		err := under.Client.Get(t.Context(), client.ObjectKeyFromObject(config), &corev1.Secret{})
		if !apierrors.IsNotFound(err) {
			return fmt.Errorf("still in the cache: %w", err)
		}
		return nil
	})
	if _, err := under.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)}); err != nil {
		t.Fatal(err)
	}
	if err := get(t, config); !apierrors.IsNotFound(err) {
		t.Errorf("the configuration was made again: %v", err)
	}
}

// Between the look at an object and the write, somebody else's may come to stand in its place.
func TestReplacedObjectIsNotApplied(t *testing.T) {
	p := ready(t)
	account := gatewayObjects(p)["ServiceAccount"]
	theirs := gatewayObjects(p)["ServiceAccount"]
	replaced := make(chan error, 1)
	applied.beforeNext("ServiceAccount", client.ObjectKeyFromObject(account), func() {
		err := k8s.Delete(context.Background(), gatewayObjects(p)["ServiceAccount"])
		replaced <- errors.Join(err, k8s.Create(context.Background(), theirs))
	})
	update(t, account, func(o client.Object) { o.SetLabels(nil) })
	if err := <-replaced; err != nil {
		t.Fatal(err)
	}
	version := theirs.GetResourceVersion()
	expectCondition(t, p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
	if err := get(t, theirs); err != nil || theirs.GetResourceVersion() != version {
		t.Errorf("somebody else's object was changed: %v, %+v", err, theirs)
	}
}

// Without replicas in the policy the number is an autoscaler's, whatever else changes.
func TestAutoscalerKeepsItsReplicas(t *testing.T) {
	p := ready(t)
	d := &appsv1.Deployment{}
	d.Namespace, d.Name = p.Namespace, resources.GatewayName(p.Name)
	scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}
	if err := k8s.SubResource("scale").Update(t.Context(), d, client.WithSubResourceBody(scale)); err != nil {
		t.Fatal(err)
	}
	update(t, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "evil" })
	eventually(t, func() error {
		if err := get(t, d); err != nil {
			return err
		}
		if d.Spec.Template.Spec.Containers[0].Image != "gateway.example/gateway:v1" {
			return fmt.Errorf("drift is not corrected yet")
		}
		return nil
	})
	if *d.Spec.Replicas != 5 {
		t.Errorf("the autoscaler asked for 5 replicas, there are %d", *d.Spec.Replicas)
	}
	expectConfig(t, p, func(c *gatewayconfig.Config) bool { return c.Replicas == 5 }) // for the shares of rate limits
}
