// SPDX-License-Identifier: Apache-2.0

package tokenpolicy_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/controllers/tokenpolicy"
	"github.com/jiratokens/jira-token-operator/internal/audittrail/trailtest"
	"github.com/jiratokens/jira-token-operator/internal/resources"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var (
	plane *controlplane.Plane
	k8s   client.Client // an administrator's
	under *tokenpolicy.Reconciler

	applied countingClient // what under writes with
	trail   trailtest.Recording
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	flag.Parse()
	if testing.Short() {
		fmt.Fprintln(os.Stderr, "skipped with -short: these tests need a control plane")
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if plane, err = controlplane.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() {
		if err := plane.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop the control plane:", err)
		}
	}()
	k8s = client.WithFieldOwner(plane.Client, "kubectl-edit")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	stopped := make(chan struct{})
	if err := startManager(ctx, stopped); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// The manager's watches have to end before the API server can.
	defer func() { stop(); <-stopped }()
	return m.Run()
}

// startManager runs the controller alone, with the caches that it has in the real manager.
func startManager(ctx context.Context, stopped chan<- struct{}) error {
	cacheOptions, err := setup.CacheOptions()
	if err != nil {
		return err
	}
	config := rest.CopyConfig(plane.Config)
	config.QPS = -1
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: plane.Scheme, Cache: cacheOptions, Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	if err := index.Register(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	applied.Client = mgr.GetClient()
	under = &tokenpolicy.Reconciler{
		Client: &applied, Live: mgr.GetAPIReader(), Clock: clock.RealClock{}, Recorder: mgr.GetEventRecorder("test"),
		Gateway: resources.Options{Image: "gateway.example/gateway:v1"}, Trail: &trail, Activity: activityEndpoint(),
	}
	if err := under.SetupWithManager(ctx, mgr, 4); err != nil {
		return err
	}
	go func() {
		defer close(stopped)
		if err := mgr.Start(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "manager:", err)
		}
	}()
	return nil
}

// eventually waits until the condition holds; the condition says what is not as it should be.
func eventually(t *testing.T, condition func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := condition()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: ", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func newPolicy(namespace string, edits ...func(*v1alpha1.TokenPolicy)) *v1alpha1.TokenPolicy {
	p := &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "jira", Namespace: namespace},
		Spec: v1alpha1.TokenPolicySpec{
			Jira: v1alpha1.JiraEndpoint{
				URL: "https://jira.internal.example:8443/jira", PublicURL: "https://jira.example/jira",
			},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"marketing"}},
		},
	}
	for _, edit := range edits {
		edit(p)
	}
	return p
}

func create[T client.Object](t *testing.T, object T) T {
	t.Helper()
	if err := k8s.Create(t.Context(), object); err != nil {
		t.Fatalf("create %T %s: %v", object, object.GetName(), err)
	}
	return object
}

// update edits an object as somebody else, again if it changed in between.
func update[T client.Object](t *testing.T, object T, edit func(T)) {
	t.Helper()
	eventually(t, func() error {
		if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			return err
		}
		edit(object)
		return k8s.Update(t.Context(), object)
	})
}

// expectCondition waits for a condition of the policy's present generation.
func expectCondition(
	t *testing.T, p *v1alpha1.TokenPolicy, kind string, status metav1.ConditionStatus, reason string,
) metav1.Condition {
	t.Helper()
	var found metav1.Condition
	eventually(t, func() error {
		if err := k8s.Get(t.Context(), client.ObjectKeyFromObject(p), p); err != nil {
			return err
		}
		c := meta.FindStatusCondition(p.Status.Conditions, kind)
		if c == nil || c.Status != status || c.Reason != reason || p.Status.ObservedGeneration != p.Generation {
			return fmt.Errorf("want %s=%s (%s), have %+v", kind, status, reason, p.Status)
		}
		found = *c
		return nil
	})
	return found
}

// makeAvailable stands in for the Deployment controller and the kubelet.
func makeAvailable(t *testing.T, p *v1alpha1.TokenPolicy, replicas int32) {
	t.Helper()
	var d appsv1.Deployment
	eventually(t, func() error {
		if err := k8s.Get(t.Context(), gatewayKey(p), &d); err != nil {
			return err
		}
		d.Status.ObservedGeneration = d.Generation
		d.Status.Replicas, d.Status.ReadyReplicas, d.Status.AvailableReplicas = replicas, replicas, replicas
		return k8s.Status().Update(t.Context(), &d)
	})
}

func ready(t *testing.T, edits ...func(*v1alpha1.TokenPolicy)) *v1alpha1.TokenPolicy {
	t.Helper()
	p := create(t, newPolicy(plane.Namespace(t), edits...))
	expectCondition(t, p, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonGatewayStarting)
	makeAvailable(t, p, 1)
	expectCondition(t, p, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonGatewayReady)
	return p
}

func gatewayKey(p *v1alpha1.TokenPolicy) client.ObjectKey {
	return client.ObjectKey{Namespace: p.Namespace, Name: resources.GatewayName(p.Name)}
}

func hasFinalizer(o client.Object) bool {
	return slices.Contains(o.GetFinalizers(), v1alpha1.FinalizerInUse)
}
