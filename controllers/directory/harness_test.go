// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/directory"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
	known "github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

const (
	jiraBase = "https://jira.example/jira"
	password = "Pa55word-of-the-directory"
)

var plane *controlplane.Plane

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

// world is one Jira, one policy that reads it, and a manager that runs only when a test asks.
type world struct {
	*testing.T

	jira    *jiratest.Server
	clock   *clocktesting.FakePassiveClock
	policy  *v1alpha1.TokenPolicy
	tokens  string // the namespace of the tokens
	pat     string
	manager *manager

	mu  sync.Mutex
	log bytes.Buffer
}

// manager is a Reconciler with a cache of its own, as one manager process has.
type manager struct {
	*directory.Reconciler

	events   *events.FakeRecorder
	registry *prometheus.Registry
	stop     func()
}

// newWorld has the groups developers (alice, bob, carol, dave and erin) and jira-administrators (root).
func newWorld(t *testing.T, edits ...func(*v1alpha1.TokenPolicy)) *world {
	t.Helper()
	w := &world{T: t, clock: clocktesting.NewFakePassiveClock(time.Now().Truncate(time.Second))}
	w.jira = jiratest.Start(t, jiratest.Config{
		ContextPath: "/jira", BaseURL: jiraBase, Now: func() time.Time { return w.clock.Now() }, KeepReceived: 100_000,
	})
	w.jira.AddUser(jiratest.User{
		Name: "root", Password: password, Permissions: jiratest.Browse | jiratest.Admin, Groups: []string{"jira-administrators"},
	})
	w.pat = w.jira.AddPAT("root")
	for _, name := range []string{"alice", "Bob", "carol", "dave", "erin"} {
		w.jira.AddUser(jiratest.User{Name: name, Key: "key-" + strings.ToLower(name), Groups: []string{"developers"}})
	}
	w.tokens = plane.Namespace(t)
	w.policy = w.newPolicy(edits...)
	w.create(w.policy)
	w.create(w.credential(map[string]string{"token": w.pat + "\n"}))
	w.Cleanup(w.checkSecrecy)
	w.manager = w.startManager(nil)
	return w
}

func (w *world) newPolicy(edits ...func(*v1alpha1.TokenPolicy)) *v1alpha1.TokenPolicy {
	p := &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: plane.Namespace(w.T), Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira: v1alpha1.JiraEndpoint{
				URL: v1alpha1.HTTPURL(w.jira.URL()), BaseURL: jiraBase, PublicURL: "http://api.example/jira",
			},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(w.tokens)}},
			Directory: &v1alpha1.Directory{
				SecretRef:       &v1alpha1.SecretReference{Name: "directory"},
				RefreshInterval: "5m", MaxStaleness: "24h", HoldLoss: "1h",
			},
			JiraGroups: []v1alpha1.JiraGroup{
				{Name: "Developers", FromJira: &v1alpha1.GroupFromJira{}},
				{Name: "declared", Members: []v1alpha1.JiraUserName{"Mona"}},
			},
			Rules: []v1alpha1.Rule{{
				Name:       "all",
				Namespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{v1alpha1.NamespaceName(w.tokens)}},
				Owners: v1alpha1.Owners{
					Users: []v1alpha1.JiraUserName{"svc-ci"}, Groups: []v1alpha1.JiraGroupName{"developers", "Declared"},
				},
				Limits: v1alpha1.Limits{Scopes: []v1alpha1.Scope{"read"}},
			}},
		},
	}
	for _, edit := range edits {
		edit(p)
	}
	return p
}

// credential is the Secret that the policy reads Jira with.
func (w *world) credential(data map[string]string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.policy.Namespace, Name: "directory", Labels: map[string]string{v1alpha1.LabelPolicy: "jira"},
		},
		StringData: data,
	}
}

// startManager starts a manager process as far as this package goes; wrap puts something between it and the API server.
func (w *world) startManager(wrap func(client.Client) client.Client) *manager {
	w.Helper()
	options, err := setup.CacheOptions()
	must(w, err)
	c, err := cluster.New(plane.Config, func(o *cluster.Options) { o.Scheme, o.Cache = plane.Scheme, options })
	must(w, err)
	ctx, cancel := context.WithCancel(w.Context())
	must(w, index.Register(ctx, c.GetFieldIndexer()))
	for _, o := range []client.Object{&corev1.Secret{}, &v1alpha1.ApiToken{}, &v1alpha1.TokenPolicy{}} {
		_, err := c.GetCache().GetInformer(ctx, o, cache.BlockUntilSynced(false))
		must(w, err)
	}
	var stopped sync.WaitGroup
	stopped.Go(func() { _ = c.Start(ctx) })
	m := &manager{
		events: events.NewFakeRecorder(1000), registry: prometheus.NewRegistry(), stop: func() { cancel(); stopped.Wait() },
	}
	w.Cleanup(m.stop)
	if !c.GetCache().WaitForCacheSync(ctx) {
		w.Fatal("the cache did not sync")
	}
	m.Reconciler = &directory.Reconciler{
		Client: c.GetClient(), Live: c.GetAPIReader(), Directory: stored.NewReader(c.GetClient()), Recorder: m.events,
		Clock: w.clock, Random: rand.Reader, Registerer: m.registry,
	}
	if wrap != nil {
		m.Client = wrap(m.Client)
	}
	m.Prepare()
	return m
}

// restart is another manager process that knows nothing but what is kept.
func (w *world) restart() {
	w.Helper()
	w.manager.stop()
	w.manager = w.startManager(nil)
}

// next reconciles until nothing is in the way, and returns when the policy is looked at again.
func (w *world) next() (after time.Duration) {
	w.Helper()
	w.eventually("nobody else writes", func() bool {
		after = w.run().RequeueAfter
		return after > 100*time.Millisecond
	})
	return after
}

// run reconciles once.
func (w *world) run() ctrl.Result {
	w.Helper()
	result, err := w.tryRun(w.manager)
	must(w, err)
	return result
}

func (w *world) tryRun(m *manager) (ctrl.Result, error) {
	return m.Reconcile(log.IntoContext(w.Context(), w.logger()), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(w.policy)})
}

func (w *world) logger() logr.Logger {
	return funcr.New(func(prefix, args string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		fmt.Fprintln(&w.log, prefix, args)
	}, funcr.Options{Verbosity: 10})
}

// until reconciles until what is asked for is so, as the queue would.
func (w *world) until(what string, done func() bool) {
	w.Helper()
	w.eventually(what, func() bool {
		w.run()
		return done()
	})
}

func (w *world) eventually(what string, done func() bool) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatalf("timed out waiting until %s; status %+v", what, w.policy.Status)
		}
	}
}

// pass lets time go by and then reconciles until the condition has a reason.
func (w *world) pass(d time.Duration, reason string) metav1.Condition {
	w.Helper()
	w.clock.SetTime(w.clock.Now().Add(d))
	return w.expect(reason)
}

// expect reconciles until the condition of the present generation has a reason.
func (w *world) expect(reason string) (found metav1.Condition) {
	w.Helper()
	w.until("the condition is "+reason, func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(w.policy), w.policy))
		c := meta.FindStatusCondition(w.policy.Status.Conditions, v1alpha1.ConditionDirectorySynced)
		if c == nil || c.Reason != reason || c.ObservedGeneration != w.policy.Generation {
			return false
		}
		found = *c
		return (c.Status == metav1.ConditionTrue) == (reason == v1alpha1.ReasonDirectorySynced)
	})
	return found
}

// synced reconciles until all is well.
func (w *world) synced() {
	w.Helper()
	w.expect(v1alpha1.ReasonDirectorySynced)
}

// refresh lets the interval go by.
func (w *world) refresh() {
	w.Helper()
	w.clock.SetTime(w.clock.Now().Add(6 * time.Minute))
	w.run()
}

// kept is what a manager that has just started reads.
func (w *world) kept() *known.Snapshot {
	w.Helper()
	s, err := stored.NewReader(plane.Client).Of(w.Context(), w.policy)
	must(w, err)
	return s
}

// members are the members of a group as they are kept.
func (w *world) members(group string) int {
	w.Helper()
	if g := w.kept().Group(group); g != nil {
		return len(g.Members)
	}
	return -1
}

func (w *world) group(name string) v1alpha1.GroupStatus {
	for _, g := range w.policy.Status.Groups {
		if string(g.Name) == name {
			return g
		}
	}
	return v1alpha1.GroupStatus{}
}

// content is the annotation by which tokens are woken.
func (w *world) content() string {
	w.Helper()
	var secret corev1.Secret
	must(w, plane.Client.Get(w.Context(), client.ObjectKey{Namespace: w.policy.Namespace, Name: "jira-directory"}, &secret))
	return secret.Annotations[stored.AnnotationContent]
}

func (w *world) token(name, owner string) *v1alpha1.ApiToken {
	w.Helper()
	t := &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.tokens, Name: name},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: v1alpha1.JiraUserName(owner), Scopes: []v1alpha1.Scope{"read"}, Lifetime: "24h",
			PolicyRef: v1alpha1.PolicyReference{Name: w.policy.Name, Namespace: v1alpha1.NamespaceName(w.policy.Namespace)},
		},
	}
	w.create(t)
	w.eventually("the cache has the token", func() bool {
		return w.manager.Client.Get(w.Context(), client.ObjectKeyFromObject(t), &v1alpha1.ApiToken{}) == nil
	})
	return t
}

// lookedUp are the names that Jira was asked about one by one since the last Reset, in order.
func (w *world) lookedUp() []string {
	var names []string
	for _, r := range w.jira.Received() {
		if _, name, ok := strings.Cut(r.Target, "/rest/api/2/user?username="); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// groupsRead counts the pages of groups that were read since the last Reset.
func (w *world) groupsRead() int {
	n := 0
	for _, r := range w.jira.Received() {
		if strings.Contains(r.Target, "/rest/api/2/group/member") {
			n++
		}
	}
	return n
}

// told are the events so far, each as kind, reason and note.
func (w *world) told() []string {
	var out []string
	for {
		select {
		case e := <-w.manager.events.Events:
			out = append(out, e)
		default:
			return out
		}
	}
}

func (w *world) create(o client.Object) {
	w.Helper()
	must(w, plane.Client.Create(w.Context(), o))
}

// edit changes the live policy.
func (w *world) edit(change func(*v1alpha1.TokenPolicy)) {
	w.Helper()
	w.eventually("the policy is changed", func() bool {
		must(w, plane.Client.Get(w.Context(), client.ObjectKeyFromObject(w.policy), w.policy))
		change(w.policy)
		return plane.Client.Update(w.Context(), w.policy) == nil
	})
}

// replaceCredential writes the credential anew.
func (w *world) replaceCredential(data map[string]string) {
	w.Helper()
	secret := w.credential(data)
	must(w, plane.Client.Delete(w.Context(), w.credential(nil)))
	w.create(secret)
}

// checkSecrecy: no credential may be anywhere but in its Secret.
func (w *world) checkSecrecy() {
	ctx := context.Background()
	var p v1alpha1.TokenPolicy
	_ = plane.Client.Get(ctx, client.ObjectKeyFromObject(w.policy), &p)
	var kept strings.Builder
	var secrets corev1.SecretList
	_ = plane.Client.List(ctx, &secrets, client.InNamespace(w.policy.Namespace))
	for _, s := range secrets.Items {
		if s.Type == v1alpha1.SecretTypeDirectory {
			fmt.Fprintln(&kept, s.Annotations, s.Labels, string(s.Data["index.json"]))
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for where, text := range map[string]string{
		"the log": w.log.String(), "the status": fmt.Sprint(p.Status), "events": strings.Join(w.told(), "\n"), "Secrets": kept.String(),
	} {
		if strings.Contains(text, w.pat) || strings.Contains(text, password) {
			w.Errorf("%s holds a credential: %s", where, text)
		}
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func keyOf(namespace, name string) client.ObjectKey {
	return client.ObjectKey{Namespace: namespace, Name: name}
}

func inNamespace(name string) client.ListOption { return client.InNamespace(name) }
