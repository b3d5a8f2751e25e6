// SPDX-License-Identifier: Apache-2.0

package webhookconfig_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const day = 24 * time.Hour

// load has the API server ask the webhook all the time.
type load struct {
	namespace string
	done      atomic.Int64
	failures  atomic.Int64
	failure   atomic.Value
}

func startLoad(t *testing.T, namespace string) *load {
	t.Helper()
	l := &load{namespace: namespace}
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for ctx.Err() == nil {
				if err := l.ask(ctx); err != nil && ctx.Err() == nil {
					l.failures.Add(1)
					l.failure.Store(err)
				}
				l.done.Add(1)
			}
		})
	}
	t.Cleanup(func() { cancel(); workers.Wait() })
	return l
}

func (l *load) ask(ctx context.Context) error {
	object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{GenerateName: "load-", Namespace: l.namespace}}
	return plane.Client.Create(ctx, object, client.DryRunAll)
}

// expect waits until so many more requests were made, and none of all has failed.
func (l *load) expect(t *testing.T, when string) {
	t.Helper()
	const requests = 40
	until := l.done.Load() + requests
	must(t, wait.PollUntilContextTimeout(t.Context(), time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		return l.done.Load() >= until, nil
	}))
	if n := l.failures.Load(); n > 0 {
		t.Fatalf("%s: %d admissions failed: %v", when, n, l.failure.Load())
	}
}

// applied waits until the API server goes by the webhook configuration that is stored: it takes configurations in their
// order, so a later one that nobody answers for tells.
func applied(t *testing.T) {
	t.Helper()
	none := admissionregistrationv1.SideEffectClassNone
	witness := plane.Namespace(t)
	configuration := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "witness-"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "witness.webhook.test", AdmissionReviewVersions: []string{"v1"}, SideEffects: &none,
			ClientConfig: admissionregistrationv1.WebhookClientConfig{URL: new("https://127.0.0.1:1/")},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule:       admissionregistrationv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
			}},
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: witness}},
		}},
	}
	must(t, plane.Client.Create(t.Context(), configuration))
	other := &load{namespace: witness}
	must(t, wait.PollUntilContextTimeout(t.Context(), 10*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		return other.ask(ctx) != nil, nil
	}))
	must(t, plane.Client.Delete(t.Context(), configuration))
}

// Two replicas that see every change at different times, one of which dies between two writes, go from one authority to
// the next without one failed admission. The API server's clock is the real one: whatever is served must be good by it.
func TestRotationUnderLoad(t *testing.T) {
	namespace := plane.Namespace(t)
	configure(t, namespace)
	clock := clocktesting.NewFakeClock(time.Now().Add(-25 * day))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	a, b := newReplica(t, namespace, clock, endpoint(listener)), newReplica(t, namespace, clock, endpoint(listener))
	balance(t, listener, &[]*replica{a, b})

	a.reconcile(t)
	if a.server.Ready(nil) == nil {
		t.Error("ready before the API server can know the authority")
	}
	for _, r := range []*replica{a, b} {
		r.reconcile(t)
		must(t, r.server.Ready(nil))
	}
	first := a.issuer(t)
	applied(t)
	l := startLoad(t, namespace)
	l.expect(t, "at first")

	clock.Step(20*day + time.Second)
	a.dying.Store(true)
	if _, err := a.reconciler.Reconcile(t.Context(), requestForTest); err == nil {
		t.Error("the replica did not die")
	}
	a.dying.Store(false)
	l.expect(t, "after the Secret was written and the caBundle was not")
	b.reconcile(t)
	applied(t)
	b.reconcile(t)
	expectIssuers(t, first, a, b)
	l.expect(t, "after the caBundle was written")

	clock.Step(time.Minute)
	b.reconcile(t)
	second := b.issuer(t)
	if second == first {
		t.Error("the new authority is not served with")
	}
	a.reconcile(t)
	expectIssuers(t, first, a)
	l.expect(t, "with one replica behind")
	clock.Step(time.Minute)
	a.reconcile(t)
	expectIssuers(t, second, a, b)
	l.expect(t, "with the new authority")

	clock.Step(10 * day)
	a.reconcile(t)
	applied(t)
	expectBundles(t, 1)
	l.expect(t, "after the old authority has ended")
	b.reconcile(t)
	expectIssuers(t, second, a, b)
	l.expect(t, "at the end")
	if a.asked.Load() == 0 || b.asked.Load() == 0 {
		t.Errorf("the replicas were asked %d and %d times", a.asked.Load(), b.asked.Load())
	}
	t.Logf("%d requests", l.done.Load())
}

func expectIssuers(t *testing.T, want string, replicas ...*replica) {
	t.Helper()
	for i, r := range replicas {
		if have := r.issuer(t); have != want {
			t.Errorf("replica %d serves with a certificate of %q, not of %q", i, have, want)
		}
	}
}

func bundles(t *testing.T) (out [][]byte) {
	t.Helper()
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	must(t, plane.Client.Get(t.Context(), client.ObjectKey{Name: configurationName}, &configuration))
	for _, w := range configuration.Webhooks {
		out = append(out, w.ClientConfig.CABundle)
	}
	return out
}

func expectBundles(t *testing.T, certificates int) {
	t.Helper()
	for _, bundle := range bundles(t) {
		if have := count(bundle); have != certificates {
			t.Error(fmt.Errorf("the caBundle has %d certificates, not %d", have, certificates))
		}
	}
}
