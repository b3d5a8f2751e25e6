// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// Both pass the schema: which ports there are, and what a resource may be, is the cluster's matter.
func onPort443(g *v1alpha1.Gateway) {
	g.Service = &v1alpha1.GatewayService{Type: corev1.ServiceTypeNodePort, NodePort: ptr.To[int32](443)}
}

func withHalfAGPU(g *v1alpha1.Gateway) {
	g.Resources = &corev1.ResourceRequirements{
		Requests: corev1.ResourceList{"example.com/gpu": resource.MustParse("1")},
		Limits:   corev1.ResourceList{"example.com/gpu": resource.MustParse("2")},
	}
}

// refused are edits that the API server takes no object of, with the object and what it says.
func refused() map[string]func(*v1alpha1.Gateway) {
	return map[string]func(*v1alpha1.Gateway){
		"Service jira-gateway: Service \"jira-gateway\" is invalid: spec.ports[0].nodePort: Invalid value: 443": onPort443,
		"Deployment jira-gateway: Deployment.apps \"jira-gateway\" is invalid: " +
			"spec.template.spec.containers[0].resources.requests: Invalid value: \"1\"": withHalfAGPU,
	}
}

// expectRefused waits for the policy to say so, and tells whether the gateway serves.
func expectRefused(t *testing.T, p *v1alpha1.TokenPolicy, said string, serves bool) {
	t.Helper()
	for _, kind := range []string{v1alpha1.ConditionStalled, v1alpha1.ConditionReady, v1alpha1.ConditionAccepted} {
		status := metav1.ConditionFalse
		if kind == v1alpha1.ConditionStalled {
			status = metav1.ConditionTrue
		}
		c := expectCondition(t, p, kind, status, v1alpha1.ReasonGatewayRefused)
		if !strings.Contains(c.Message, said) || strings.Contains(c.Message, "meanwhile the gateway serves requests") != serves {
			t.Errorf("%s: want %q, have %q", kind, said, c.Message)
		}
	}
}

func TestRefusedObjectOfANewPolicyIsTold(t *testing.T) {
	for said, edit := range refused() {
		p := create(t, newPolicy(plane.Namespace(t), func(p *v1alpha1.TokenPolicy) {
			p.Spec.Gateway = &v1alpha1.Gateway{}
			edit(p.Spec.Gateway)
		}))
		expectRefused(t, p, said, false)
		kind, _, _ := strings.Cut(said, " ")
		for other, object := range gatewayObjects(p) {
			if err := get(t, object); apierrors.IsNotFound(err) != (other == kind) {
				t.Errorf("%s is refused, and %s: %v", kind, other, err)
			}
		}
		update(t, p, func(p *v1alpha1.TokenPolicy) { p.Spec.Gateway = nil })
		expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
	}
}

// What else the policy asks for is done, such as a newer image, whichever object is refused; and the pods of before serve.
func TestRefusedObjectDoesNotHoldUpTheOthers(t *testing.T) {
	for said, edit := range refused() {
		p := ready(t)
		update(t, p, func(p *v1alpha1.TokenPolicy) {
			p.Spec.Gateway = &v1alpha1.Gateway{
				Replicas: ptr.To[int32](3), Service: &v1alpha1.GatewayService{Port: 8443},
			}
			p.Spec.Deny = &v1alpha1.Deny{Owners: []v1alpha1.JiraUserName{"mallory"}}
			edit(p.Spec.Gateway)
		})
		expectRefused(t, p, said, true)
		expectCondition(t, p, v1alpha1.ConditionGatewayAvailable, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
		denyReachesTheGateway(t, p)
		var d appsv1.Deployment
		var s corev1.Service
		eventually(t, func() error {
			if err := k8s.Get(t.Context(), gatewayKey(p), &d); err != nil {
				return err
			}
			if err := k8s.Get(t.Context(), gatewayKey(p), &s); err != nil {
				return err
			}
			if kept := s.Spec.Ports[0].Port == 80; kept != strings.HasPrefix(said, "Service") {
				return fmt.Errorf("the Service has %+v", s.Spec.Ports)
			}
			if kept := *d.Spec.Replicas == 1; kept != strings.HasPrefix(said, "Deployment") {
				return fmt.Errorf("the Deployment has %d replicas", *d.Spec.Replicas)
			}
			return nil
		})
		update(t, p, func(p *v1alpha1.TokenPolicy) { p.Spec.Gateway = nil })
		makeAvailable(t, p, 1)
		expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	}
}

// A quota that is raised is noticed, though no watch tells of it. Until then what is refused could become somebody else's,
// so nothing is made that hands power to it.
func TestObjectRefusedByQuotaIsMadeLater(t *testing.T) {
	t.Parallel()
	namespace := plane.Namespace(t)
	quota := create(t, &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "none"},
		Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{"count/serviceaccounts": resource.MustParse("0")}},
	})
	quota.Status = corev1.ResourceQuotaStatus{ // stands in for the quota's controller
		Hard: quota.Spec.Hard, Used: corev1.ResourceList{"count/serviceaccounts": resource.MustParse("0")},
	}
	if err := k8s.Status().Update(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() error {
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "try"}}
		if err := k8s.Create(t.Context(), account, client.DryRunAll); !apierrors.IsForbidden(err) {
			return fmt.Errorf("the quota does not count yet: %w", err)
		}
		return nil
	})
	p := create(t, newPolicy(namespace))
	expectRefused(t, p, "ServiceAccount jira-gateway: serviceaccounts \"jira-gateway\" is forbidden: exceeded quota: none", false)
	expectCondition(t, p, v1alpha1.ConditionGatewayAvailable, metav1.ConditionFalse, v1alpha1.ReasonGatewayMissing)
	for kind, object := range gatewayObjects(p) {
		held := kind == "ServiceAccount" || kind == "RoleBinding" || kind == "Deployment"
		if err := get(t, object); apierrors.IsNotFound(err) != held {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if err := k8s.Delete(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
	for kind, object := range gatewayObjects(p) {
		if err := get(t, object); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The schema refuses nothing that the API server takes.
func TestServiceAndResourcesThatAreTaken(t *testing.T) {
	long := strings.Repeat("a", 63)
	p := ready(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Gateway = &v1alpha1.Gateway{
			Service: &v1alpha1.GatewayService{Annotations: map[string]string{
				"plain": "", "Example.com/Upper_case.too": "x", "sub.example.com/" + long: "{\"a\": 1}",
			}},
			Resources: &corev1.ResourceRequirements{
				Requests: corev1.ResourceList{
					"cpu": resource.MustParse("1"), "memory": resource.MustParse("1048576Ki"), "ephemeral-storage": resource.MustParse("1e3"),
				},
				Limits: corev1.ResourceList{"cpu": resource.MustParse("1000m"), "memory": resource.MustParse("1Gi")},
			},
		}
	})
	expectCondition(t, p, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
}
