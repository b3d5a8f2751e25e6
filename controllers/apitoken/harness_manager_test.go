// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"maps"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var (
	plane *controlplane.Plane
	// caches are what the managers of all worlds read from, by turns, so that two of one world see the same at different times.
	// Filling one for each of hundreds took most of the time. startManager waits until its is as new as that of a process which
	// starts then.
	caches [2]cluster.Cluster
)

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) {
		plane = p
		for i := range caches {
			var err error
			if caches[i], err = startCluster(p.Context); err != nil {
				log.Fatal(err)
			}
		}
	}))
}

// manager is a Reconciler with a cache of its own, as one manager process has.
type manager struct {
	*Reconciler
	events *events.FakeRecorder
}

// startCluster fills a manager's cache.
func startCluster(ctx context.Context) (cluster.Cluster, error) {
	labelled, err := labels.NewRequirement(v1alpha1.LabelPolicy, selection.Exists, nil)
	if err != nil {
		return nil, err
	}
	c, err := cluster.New(plane.Config, func(o *cluster.Options) {
		o.Scheme = plane.Scheme
		o.Cache.ByObject = map[client.Object]cache.ByObject{
			&corev1.Secret{}: {Label: labels.NewSelector().Add(*labelled), Transform: TransformSecret},
		}
	})
	if err != nil {
		return nil, err
	}
	if err := errors.Join(index.Register(ctx, c.GetFieldIndexer()), RegisterIndexes(ctx, c.GetFieldIndexer())); err != nil {
		return nil, err
	}
	go func() { _ = c.Start(ctx) }()
	for _, o := range []client.Object{&corev1.Secret{}, &corev1.Namespace{}, &v1alpha1.ApiToken{}, &v1alpha1.TokenPolicy{}, &v1alpha1.TokenApproval{}} {
		if _, err := c.GetCache().GetInformer(ctx, o); err != nil {
			return nil, err
		}
	}
	if !c.GetCache().WaitForCacheSync(ctx) {
		return nil, errors.New("the cache did not sync")
	}
	return c, nil
}

// startManager starts a manager process as far as this package goes; wrap puts something between it and the API server.
func (w *world) startManager(wrap func(client.Client) client.Client) *manager {
	w.Helper()
	managed := caches[w.managers%len(caches)]
	w.managers++
	w.eventually("the cache has caught up", func() bool { return w.isCurrent(managed.GetClient()) })
	m := &manager{events: events.NewFakeRecorder(1000)}
	m.Reconciler = &Reconciler{
		Client: managed.GetClient(), Live: managed.GetAPIReader(), Clock: w.clock, Random: rand.Reader, Recorder: m.events,
		Keys: testKeys{w.stamps}, Directories: &w.directory,
	}
	if wrap != nil {
		m.Client = wrap(m.Client)
	}
	return m
}

// isCurrent tells whether a cache has all of this world as it is stored.
func (w *world) isCurrent(cached client.Reader) bool {
	w.Helper()
	versions := func(reader client.Reader) map[types.UID]string {
		found := map[types.UID]string{}
		for _, name := range []string{w.namespace, w.policy.Namespace} {
			var namespace corev1.Namespace
			must(w, reader.Get(w.Context(), client.ObjectKey{Name: name}, &namespace))
			found[namespace.UID] = namespace.ResourceVersion
			for _, list := range []client.ObjectList{
				&corev1.SecretList{}, &v1alpha1.ApiTokenList{}, &v1alpha1.TokenPolicyList{}, &v1alpha1.TokenApprovalList{},
			} {
				must(w, reader.List(w.Context(), list, client.InNamespace(name)))
				must(w, meta.EachListItem(list, func(o runtime.Object) error {
					object := o.(client.Object)
					if _, secret := o.(*corev1.Secret); !secret || object.GetLabels()[v1alpha1.LabelPolicy] != "" {
						found[object.GetUID()] = object.GetResourceVersion()
					}
					return nil
				}))
			}
		}
		return found
	}
	return maps.Equal(versions(cached), versions(plane.Client))
}

func (m *manager) run(w *world, t *v1alpha1.ApiToken) ctrl.Result {
	w.Helper()
	result, err := m.Reconcile(w.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(t)})
	must(w, err)
	return result
}
