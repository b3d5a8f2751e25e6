// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gateway/mirror"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

const (
	policy     = "jira"
	configName = "jira-gateway-config"
	staleness  = time.Hour
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }, controlplane.WithoutCRDs))
}

// world is one namespace with a configuration, and a link that only its gateways use.
type world struct {
	namespace string
	config    *rest.Config
	link      *controlplane.Link
	clock     *clocktesting.FakePassiveClock
	dir       string
}

// newWorld gives the gateways the rights that they have in a cluster and no more. No goroutine may be left at its end.
func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{
		namespace: plane.Namespace(tb), clock: clocktesting.NewFakePassiveClock(time.Now()), dir: tb.TempDir(),
	}
	account := plane.ServiceAccount(tb, w.namespace, "gateway")
	current := goleak.IgnoreCurrent()
	tb.Cleanup(func() { goleak.VerifyNone(tb, current) })
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "gateway"},
		Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "list", "watch"},
		}},
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: role.ObjectMeta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: w.namespace, Name: "gateway"}},
	}
	must(tb, plane.Client.Create(tb.Context(), role))
	must(tb, plane.Client.Create(tb.Context(), binding))
	w.config, w.link = plane.Link(tb, account)
	w.create(tb, w.configSecret(tb, 1))
	return w
}

// gateway is a running mirror.
type gateway struct {
	*mirror.Mirror

	table    *grant.Table
	registry *prometheus.Registry
	stop     func()

	mu      sync.Mutex
	config  *gatewayconfig.Config
	secrets []gatewayconfig.Secret
	refuse  error
	log     bytes.Buffer
}

func (w *world) start(tb testing.TB, change ...func(*mirror.Options)) *gateway {
	tb.Helper()
	g := &gateway{table: grant.NewTable(), registry: prometheus.NewRegistry()}
	opts := mirror.Options{
		REST: w.config, Namespace: w.namespace, Policy: policy, ConfigName: configName,
		Grants: g.table, OnConfig: g.onConfig, Clock: w.clock, Registerer: g.registry, Log: g.logger(),
		SnapshotDir: w.dir, SnapshotDelay: 10 * time.Millisecond, SnapshotEvery: time.Second,
		StartupTimeout: 10 * time.Second, MaxBackoff: 50 * time.Millisecond,
	}
	for _, c := range change {
		c(&opts)
	}
	var err error
	g.Mirror, err = mirror.New(opts)
	must(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := g.Run(ctx); err != nil {
			tb.Error(err)
		}
	})
	g.stop = func() { cancel(); running.Wait() }
	tb.Cleanup(func() {
		g.stop()
		if tb.Failed() {
			tb.Log(g.logged())
		}
	})
	return g
}

func (g *gateway) onConfig(config *gatewayconfig.Config, secrets []gatewayconfig.Secret) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.refuse != nil {
		return g.refuse
	}
	g.config, g.secrets = config, secrets
	return nil
}

func (g *gateway) logger() logr.Logger {
	return funcr.New(func(prefix, args string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		fmt.Fprintln(&g.log, prefix, args)
	}, funcr.Options{Verbosity: 2})
}

func (g *gateway) logged() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log.String()
}

func (g *gateway) generation() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.config == nil {
		return 0
	}
	return g.config.Policy.Generation
}

func (g *gateway) secretNames() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	names := []string{}
	for _, s := range g.secrets {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

func (g *gateway) has(c *grant.Credential) bool {
	_, ok := g.table.Lookup(c.Hash)
	return ok
}

// metric reads one of the mirror's metrics that has no labels.
func (g *gateway) metric(tb testing.TB, name string) float64 {
	tb.Helper()
	families, err := g.registry.Gather()
	must(tb, err)
	for _, f := range families {
		if f.GetName() != "jiratokens_gateway_"+name {
			continue
		}
		m := f.GetMetric()[0]
		return m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	tb.Fatalf("no metric %s", name)
	return 0
}

func credential(n int) *grant.Credential {
	return &grant.Credential{
		ID: fmt.Sprintf("%012d", n), Hash: sha256.Sum256(fmt.Append(nil, "token ", n)), State: grant.Active,
		Token: grant.TokenReference{
			Namespace: "team", Name: fmt.Sprintf("token-%d", n), UID: types.UID(fmt.Sprintf("0d9c6f5e-6a0b-4e52-9a53-%012d", n)),
		},
		Grant: grant.Grant{Owner: fmt.Sprintf("user%d", n%100), Scopes: []string{"read"}},
	}
}

func (w *world) hashSecret(tb testing.TB, c *grant.Credential) *corev1.Secret {
	tb.Helper()
	data, err := grant.Encode(c)
	must(tb, err)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: string(c.Token.UID) + "-0",
			Labels: map[string]string{v1alpha1.LabelPolicy: policy, v1alpha1.LabelTokenUID: string(c.Token.UID)},
		},
		Type: v1alpha1.SecretTypeTokenHash, Data: map[string][]byte{grant.DataKey: data},
	}
}

func (w *world) configSecret(tb testing.TB, generation int64) *corev1.Secret {
	tb.Helper()
	const url = "https://jira.example/jira"
	data, err := gatewayconfig.Encode(&gatewayconfig.Config{
		Policy:        gatewayconfig.Policy{Namespace: w.namespace, Name: policy, UID: "policy-uid", Generation: generation},
		Jira:          gatewayconfig.Jira{URL: url, BaseURL: url, PublicURL: url},
		Impersonation: gatewayconfig.Impersonation{OwnerTokens: &gatewayconfig.OwnerTokens{}},
		MaxStaleness:  metav1.Duration{Duration: staleness},
	})
	must(tb, err)
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: configName, Labels: map[string]string{v1alpha1.LabelPolicy: policy},
		},
		Type: v1alpha1.SecretTypeGatewayConfig, Data: map[string][]byte{gatewayconfig.DataKey: data},
	}
}

func (w *world) create(tb testing.TB, s *corev1.Secret) {
	tb.Helper()
	must(tb, plane.Client.Create(tb.Context(), s))
}

func (w *world) update(tb testing.TB, s *corev1.Secret) {
	tb.Helper()
	must(tb, plane.Client.Update(tb.Context(), s))
}

func (w *world) remove(tb testing.TB, s *corev1.Secret) {
	tb.Helper()
	must(tb, plane.Client.Delete(tb.Context(), s))
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// eventually waits until something holds, and returns how long that took.
func eventually(tb testing.TB, what string, holds func() bool) time.Duration {
	tb.Helper()
	start := time.Now()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			tb.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
	return time.Since(start)
}
