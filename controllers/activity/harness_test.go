// SPDX-License-Identifier: Apache-2.0

package activity_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/activity"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
	use "github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

// world is a policy, its gateway's ServiceAccount, and a namespace for tokens.
type world struct {
	*testing.T

	clock     *clocktesting.FakeClock
	policy    *v1alpha1.TokenPolicy
	namespace string
	bearer    string // of the gateway
}

func newWorld(t *testing.T, edits ...func(*v1alpha1.TokenPolicy)) *world {
	t.Helper()
	w := &world{T: t, clock: clocktesting.NewFakeClock(time.Now().Truncate(time.Second)), namespace: plane.Namespace(t)}
	w.policy = &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: plane.Namespace(t), Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "https://jira.internal/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(w.namespace)}},
			Rules: []v1alpha1.Rule{{
				Name:       "all",
				Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(w.namespace)}},
				Owners:     v1alpha1.Owners{Users: []v1alpha1.JiraUserName{"alice"}},
				Limits:     v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}},
			}},
		},
	}
	for _, edit := range edits {
		edit(w.policy)
	}
	w.create(w.policy)
	w.bearer = bearer(t, w.policy.Namespace, "jira-gateway", use.Audience)
	return w
}

// token is an ApiToken that is active since it was declared.
func (w *world) token(name string) *v1alpha1.ApiToken {
	w.Helper()
	t := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "alice", Scopes: []v1alpha1.Scope{"read"},
			PolicyRef: v1alpha1.PolicyReference{Name: w.policy.Name, Namespace: v1alpha1.NamespaceName(w.policy.Namespace)},
		},
	}
	w.create(t)
	w.changeStatus(t, func() {
		meta.SetStatusCondition(&t.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionActive, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonIssued, ObservedGeneration: 1,
			LastTransitionTime: metav1.NewTime(w.clock.Now()),
		})
	})
	return t
}

// changeStatus is what the controller of ApiTokens does.
func (w *world) changeStatus(t *v1alpha1.ApiToken, change func()) {
	w.Helper()
	w.eventually("the status is written", func() bool {
		w.read(t)
		before := t.DeepCopy()
		change()
		return plane.Client.Status().Patch(w.Context(), t, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})) == nil
	})
}

func (w *world) create(o client.Object) {
	w.Helper()
	must(w, plane.Client.Create(w.Context(), o))
}

func (w *world) read(o client.Object) {
	w.Helper()
	must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(o), o))
}

func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			w.Fatalf("timed out waiting until %s", what)
		case <-tick.C:
		}
	}
}

// replica is one manager.
type replica struct {
	*activity.Recorder

	cache    client.Client
	events   *events.FakeRecorder
	registry *prometheus.Registry
	url      string
	stop     func()
}

// start runs a replica; wrap puts something between it and the API server.
func (w *world) start(rate float64, wrap func(client.Client) client.Client) *replica {
	w.Helper()
	options, err := setup.CacheOptions()
	must(w, err)
	c, err := cluster.New(plane.Config, func(o *cluster.Options) { o.Scheme, o.Cache = plane.Scheme, options })
	must(w, err)
	ctx, cancel := context.WithCancel(w.Context())
	must(w, activity.RegisterIndex(ctx, c.GetFieldIndexer()))
	for _, o := range []client.Object{&v1alpha1.ApiToken{}, &v1alpha1.TokenPolicy{}} {
		_, err := c.GetCache().GetInformer(ctx, o)
		must(w, err)
	}
	r := &replica{events: events.NewFakeRecorder(1000), registry: prometheus.NewRegistry(), cache: c.GetClient()}
	writer := c.GetClient()
	if wrap != nil {
		writer = wrap(writer)
	}
	r.Recorder = activity.New(activity.Options{
		Client: writer, Live: c.GetAPIReader(), Events: r.events, Clock: w.clock, WritesPerSecond: rate, Registerer: r.registry,
	})
	server := httptest.NewServer(r.Recorder)
	r.url = server.URL
	var running sync.WaitGroup
	running.Go(func() { _ = c.Start(ctx) })
	running.Go(func() { _ = r.Run(ctx) })
	r.stop = sync.OnceFunc(func() { cancel(); running.Wait(); server.Close() })
	w.Cleanup(r.stop)
	if !c.GetCache().WaitForCacheSync(ctx) {
		w.Fatal("the cache did not sync")
	}
	return r
}

// knows waits until the replica's cache has the objects as they are.
func (r *replica) knows(w *world, objects ...client.Object) {
	w.Helper()
	for _, o := range objects {
		w.read(o)
		cached, _ := o.DeepCopyObject().(client.Object)
		w.eventually("the cache is current", func() bool {
			return r.cache.Get(w.Context(), client.ObjectKeyFromObject(o), cached) == nil && cached.GetResourceVersion() == o.GetResourceVersion()
		})
	}
}

// bearer is a ServiceAccount's token, for an audience.
func bearer(t *testing.T, namespace, account, audience string) string {
	t.Helper()
	accounts := plane.Clientset.CoreV1().ServiceAccounts(namespace)
	_, err := accounts.Create(t.Context(), &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
	must(t, client.IgnoreAlreadyExists(err))
	request := &authenticationv1.TokenRequest{}
	if audience != "" {
		request.Spec.Audiences = []string{audience}
	}
	token, err := accounts.CreateToken(t.Context(), account, request, metav1.CreateOptions{})
	must(t, err)
	return token.Status.Token
}

// post sends a body as it is, and gives status and answer.
func (r *replica) post(ctx context.Context, bearer string, body io.Reader) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+use.Path, body)
	if err != nil {
		return 0, "", err
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// report sends a report and gives its results.
func (r *replica) report(ctx context.Context, bearer string, report *use.Report) ([]use.Result, error) {
	body, err := json.Marshal(report)
	if err != nil {
		return nil, err
	}
	status, text, err := r.post(ctx, bearer, bytes.NewReader(body))
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("%d %s %w", status, text, err)
	}
	var answer use.Answer
	return answer.Results, json.NewDecoder(strings.NewReader(text)).Decode(&answer)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
