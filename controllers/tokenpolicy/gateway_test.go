// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// gatewayObjects are all objects of a policy's gateway, by kind, with the name only.
func gatewayObjects(p *v1alpha1.TokenPolicy) map[string]client.Object {
	named := metav1.ObjectMeta{Namespace: p.Namespace, Name: resources.GatewayName(p.Name)}
	config := metav1.ObjectMeta{Namespace: p.Namespace, Name: resources.ConfigName(p.Name)}
	return map[string]client.Object{
		"Deployment":          &appsv1.Deployment{ObjectMeta: named},
		"Service":             &corev1.Service{ObjectMeta: named},
		"ServiceAccount":      &corev1.ServiceAccount{ObjectMeta: named},
		"Role":                &rbacv1.Role{ObjectMeta: named},
		"RoleBinding":         &rbacv1.RoleBinding{ObjectMeta: named},
		"PodDisruptionBudget": &policyv1.PodDisruptionBudget{ObjectMeta: named},
		"NetworkPolicy":       &networkingv1.NetworkPolicy{ObjectMeta: named},
		"Secret":              &corev1.Secret{ObjectMeta: config},
	}
}

func get(t *testing.T, object client.Object) error {
	t.Helper()
	return k8s.Get(t.Context(), client.ObjectKeyFromObject(object), object)
}

// versions are the resource versions of the policy and all its objects.
func versions(t *testing.T, p *v1alpha1.TokenPolicy) map[string]string {
	t.Helper()
	out := map[string]string{}
	objects := gatewayObjects(p)
	objects["TokenPolicy"] = p
	for kind, object := range objects {
		if err := get(t, object); err != nil {
			t.Fatalf("get %s: %v", kind, err)
		}
		out[kind] = object.GetResourceVersion()
	}
	return out
}

func TestGatewayIsDeployed(t *testing.T) {
	p := create(t, newPolicy(plane.Namespace(t), func(p *v1alpha1.TokenPolicy) {
		p.Labels = map[string]string{"argocd.argoproj.io/instance": "platform", "kustomize.toolkit.fluxcd.io/name": "x"}
		p.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "platform:…"}
	}))
	if p.Status.ObservedGeneration != -1 {
		t.Errorf("a new policy has observedGeneration %d: a GitOps tool takes it for done", p.Status.ObservedGeneration)
	}
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonGatewayStarting)
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
	expectCondition(t, p, v1alpha1.ConditionGatewayAvailable, metav1.ConditionFalse, v1alpha1.ReasonGatewayStarting)
	expectCondition(t, p, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted)
	if !hasFinalizer(p) {
		t.Error("the policy has no finalizer")
	}
	for kind, object := range gatewayObjects(p) {
		if err := get(t, object); err != nil {
			t.Errorf("get %s: %v", kind, err)
			continue
		}
		if !metav1.IsControlledBy(object, p) {
			t.Errorf("%s is not controlled by the policy: %v", kind, object.GetOwnerReferences())
		}
		for key := range p.Labels {
			if _, ok := object.GetLabels()[key]; ok {
				t.Errorf("%s has the policy's label %s: a GitOps tool would prune it", kind, key)
			}
		}
		if _, ok := object.GetAnnotations()["argocd.argoproj.io/tracking-id"]; ok {
			t.Errorf("%s has the policy's tracking annotation", kind)
		}
	}
	makeAvailable(t, p, 1)
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	expectCondition(t, p, v1alpha1.ConditionGatewayAvailable, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	if len(p.Status.Conditions) != 3 {
		t.Errorf("a ready policy has Ready, Accepted and GatewayAvailable, not %+v", p.Status.Conditions)
	}
	makeAvailable(t, p, 0)
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
}

func TestReconcilingAgainWritesNothing(t *testing.T) {
	held := ready(t)
	newCredential(t, held, 0)
	expectTokens(t, held, 1)
	if err := k8s.Delete(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	expectCondition(t, held, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInUse)
	starting := create(t, newPolicy(plane.Namespace(t)))
	expectCondition(t, starting, v1alpha1.ConditionGatewayAvailable, metav1.ConditionFalse, v1alpha1.ReasonGatewayStarting)
	for name, p := range map[string]*v1alpha1.TokenPolicy{"ready": ready(t), "starting": starting, "held": held} {
		before := versions(t, p)
		for range 4 {
			time.Sleep(300 * time.Millisecond) // times in conditions are of whole seconds
			_, err := under.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)})
			if err != nil {
				t.Fatal(err)
			}
		}
		if after := versions(t, p); !maps.Equal(before, after) {
			t.Errorf("%s: a reconcile without a change wrote:\nbefore %v\nafter  %v", name, before, after)
		}
	}
}

// Secrets that have nothing to do with us are not in the manager's memory, and the values of Jira's credentials neither.
func TestCacheHoldsOnlyWhatIsOurs(t *testing.T) {
	namespace := plane.Namespace(t)
	ours := labelled(map[string][]byte{"token": []byte("s3cret")})
	ours.Namespace = namespace
	for i := range 20 {
		foreign := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("foreign-%d", i)}}
		create(t, foreign)
	}
	create(t, ours)
	var list corev1.SecretList
	eventually(t, func() error {
		if err := under.Client.List(t.Context(), &list, client.InNamespace(namespace)); err != nil || len(list.Items) == 0 {
			return fmt.Errorf("not in the cache yet: %w", err)
		}
		return nil
	})
	if len(list.Items) != 1 || len(list.Items[0].Data["token"]) != 0 {
		t.Errorf("the cache has %+v", list.Items)
	}
}

// Applying to all objects is a no-op as well: what we ask for is what the API server keeps.
func TestApplyingAgainWritesNothing(t *testing.T) {
	p := ready(t, func(p *v1alpha1.TokenPolicy) {
		p.Spec.Gateway = &v1alpha1.Gateway{Replicas: ptr.To[int32](2), Service: &v1alpha1.GatewayService{
			Type: corev1.ServiceTypeLoadBalancer, Port: 443, Annotations: map[string]string{"lb.example/internal": "true"},
		}}
	})
	apply := func() {
		opts := under.Gateway
		opts.Activity = &resources.Activity{URL: under.Activity.URL, CA: under.Activity.CA(t.Context())}
		objects, err := resources.Build(p, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range objects {
			if err := under.Client.Apply(t.Context(), object, client.FieldOwner("other"), client.ForceOwnership); err != nil {
				t.Fatal(err)
			}
		}
	}
	apply() // adds the field manager
	before := versions(t, p)
	apply()
	if after := versions(t, p); !maps.Equal(before, after) {
		t.Errorf("applying without a change wrote:\nbefore %v\nafter  %v", before, after)
	}
}

func TestDeletedObjectsComeBack(t *testing.T) {
	p := ready(t)
	for kind, object := range gatewayObjects(p) {
		t.Run(kind, func(t *testing.T) {
			if err := get(t, object); err != nil {
				t.Fatal(err)
			}
			uid := object.GetUID()
			if err := k8s.Delete(t.Context(), object, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() error {
				if err := get(t, object); err != nil {
					return err
				}
				if object.GetUID() == uid {
					return fmt.Errorf("%s is still the old one", kind)
				}
				return nil
			})
		})
	}
}

// Each edit is of a field that the policy decides; keep of one that it does not.
func TestDriftIsCorrected(t *testing.T) {
	p := ready(t)
	edits := map[string]func(client.Object){
		"Deployment": func(o client.Object) {
			d := o.(*appsv1.Deployment)
			d.Spec.Template.Spec.Containers[0].Image = "evil.example/gateway"
			d.Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = new(false)
			d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] = "keep"
		},
		"Service": func(o client.Object) {
			s := o.(*corev1.Service)
			s.Spec.Ports[0].Port, s.Spec.Ports[0].TargetPort = 9999, intstr.FromInt32(9999)
			s.Spec.Selector = map[string]string{"app": "evil"}
		},
		"ServiceAccount": func(o client.Object) { o.(*corev1.ServiceAccount).AutomountServiceAccountToken = new(true) },
		"Role": func(o client.Object) {
			role := o.(*rbacv1.Role)
			role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}})
		},
		"RoleBinding": func(o client.Object) {
			binding := o.(*rbacv1.RoleBinding)
			binding.Subjects = append(binding.Subjects, rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: "mallory"})
		},
		"PodDisruptionBudget": func(o client.Object) {
			o.(*policyv1.PodDisruptionBudget).Spec.MaxUnavailable = new(intstr.FromString("100%"))
		},
		"NetworkPolicy": func(o client.Object) {
			policy := o.(*networkingv1.NetworkPolicy)
			policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
		},
		"Secret": func(o client.Object) { o.(*corev1.Secret).Data[gatewayconfig.DataKey] = []byte("{}") },
	}
	for kind, object := range gatewayObjects(p) {
		t.Run(kind, func(t *testing.T) {
			if err := get(t, object); err != nil {
				t.Fatal(err)
			}
			good := object.DeepCopyObject().(client.Object)
			update(t, object, edits[kind])
			expectSpec(t, object, good)
		})
		t.Run(kind+" metadata", func(t *testing.T) {
			update(t, object, func(o client.Object) {
				o.SetLabels(map[string]string{"theirs": "keep"})
				o.SetAnnotations(map[string]string{"theirs": "keep"})
			})
			eventually(t, func() error {
				if err := get(t, object); err != nil {
					return err
				}
				for key, value := range resources.Labels(p.Name) {
					if object.GetLabels()[key] != value {
						return fmt.Errorf("label %s of %s is %q", key, kind, object.GetLabels()[key])
					}
				}
				return nil
			})
			if object.GetLabels()["theirs"] != "keep" || object.GetAnnotations()["theirs"] != "keep" {
				t.Error("a label or annotation of somebody else's was taken away")
			}
		})
	}
	var d appsv1.Deployment
	if err := k8s.Get(context.Background(), gatewayKey(p), &d); err != nil {
		t.Fatal(err)
	}
	if d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] != "keep" {
		t.Error("a restart by kubectl was undone")
	}
}

// One more label in a selector is drift as well: the Service would find no pods, and the NetworkPolicy protect none.
func TestNarrowedSelectorsAreCorrected(t *testing.T) {
	p := ready(t)
	for kind, edit := range map[string]func(client.Object){
		"Service":       func(o client.Object) { o.(*corev1.Service).Spec.Selector["app"] = "none" },
		"NetworkPolicy": func(o client.Object) { o.(*networkingv1.NetworkPolicy).Spec.PodSelector.MatchLabels["app"] = "none" },
	} {
		object := gatewayObjects(p)[kind]
		if err := get(t, object); err != nil {
			t.Fatal(err)
		}
		good := object.DeepCopyObject().(client.Object)
		update(t, object, edit)
		expectSpec(t, object, good)
	}
}

// A foreign object keeps back itself and what would use it, and nothing else.
func TestForeignObjectsAreLeftAlone(t *testing.T) {
	t.Parallel()
	uses := map[string][]string{
		"ServiceAccount": {"RoleBinding", "Deployment"}, "Role": {"RoleBinding"}, "Secret": {"Deployment"},
	}
	foreign := map[string]func(client.Object){
		"Deployment": func(o client.Object) {
			labels := map[string]string{"app": "other"}
			o.(*appsv1.Deployment).Spec = appsv1.DeploymentSpec{
				Selector: &metav1.LabelSelector{MatchLabels: labels},
				Template: corev1.PodTemplateSpec{
					ObjectMeta: metav1.ObjectMeta{Labels: labels},
					Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
				},
			}
		},
		"Service":        func(o client.Object) { o.(*corev1.Service).Spec.Ports = []corev1.ServicePort{{Port: 1}} },
		"ServiceAccount": func(client.Object) {},
		"Role":           func(client.Object) {},
		"RoleBinding": func(o client.Object) {
			o.(*rbacv1.RoleBinding).RoleRef = rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "x"}
		},
		"PodDisruptionBudget": func(client.Object) {},
		"NetworkPolicy":       func(client.Object) {},
		"Secret":              func(client.Object) {},
	}
	for kind, fill := range foreign {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPolicy(plane.Namespace(t))
			theirs := gatewayObjects(p)[kind]
			fill(theirs)
			create(t, theirs)
			version := theirs.GetResourceVersion()
			create(t, p)
			c := expectCondition(t, p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonForeignObject)
			t.Log(c.Message)
			for other, object := range gatewayObjects(p) {
				switch err := get(t, object); {
				case other == kind:
					if err != nil || object.GetResourceVersion() != version {
						t.Errorf("the foreign %s was touched: %v", kind, err)
					}
				case slices.Contains(uses[kind], other):
					if !apierrors.IsNotFound(err) {
						t.Errorf("%s was made and uses the foreign %s: %v", other, kind, err)
					}
				case err != nil:
					t.Errorf("%s was not made because of a foreign %s: %v", other, kind, err)
				}
			}
			// It does not keep the policy from going, and outlives it.
			if err := k8s.Delete(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			expectGone(t, p)
			if err := get(t, theirs); err != nil {
				t.Errorf("the foreign %s went with the policy: %v", kind, err)
			}
		})
	}
}
