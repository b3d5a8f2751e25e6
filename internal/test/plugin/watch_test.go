// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

// lines is what a running plugin has printed.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// watching is a plugin that runs until it is stopped.
type watching struct {
	out, errOut lines
	stop        func() int
}

func startWatching(t *testing.T, kubeconfig string, args ...string) *watching {
	t.Helper()
	w := &watching{}
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() {
		streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: &w.out, ErrOut: &w.errOut}
		code <- kubectlapitoken.Run(ctx, append([]string{"watch", "--kubeconfig", kubeconfig}, args...), streams, clock.RealClock{})
	}()
	w.stop = func() int {
		cancel()
		return <-code
	}
	eventually(t, func(context.Context) bool { return strings.Contains(w.errOut.String(), "Watching; ") })
	return w
}

// sees waits for a line with all of that.
func (w *watching) sees(t *testing.T, texts ...string) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		for line := range strings.Lines(w.out.String()) {
			if all := func() bool {
				for _, text := range texts {
					if !strings.Contains(line, text) {
						return false
					}
				}
				return true
			}(); all {
				return
			}
		}
		select {
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	t.Fatalf("no line with %q in\n%s\n%s", texts, w.out.String(), w.errOut.String())
}

func TestWatch(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	alice.runs(t, "watch", "-n", namespace).expect(t, 1, "you may not list and watch apitokens in namespace "+namespace)
	alice.may(t, "list", "jiratokens.io", "apitokens", namespace)
	alice.may(t, "watch", "jiratokens.io", "apitokens", namespace)
	newToken(t, p, namespace, "old")
	w := startWatching(t, alice.kubeconfig, "-n", namespace, "--policy", name(p), "--owner", "svc-zapier")
	object := newToken(t, p, namespace, "zapier")
	w.sees(t, "declared", namespace+"/zapier", "for Jira user svc-zapier, with read, under policy "+name(p))
	newToken(t, p, namespace, "other", func(o *v1alpha1.ApiToken) { o.Spec.Owner = "eve" })
	report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential("0123456789ab"))
	w.sees(t, "issued", "credential 0123456789ab")
	w.sees(t, "live", "Issued: because")
	report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential("ba9876543210"), func(s *v1alpha1.ApiTokenStatus) {
		s.Activity = &v1alpha1.ActivityStatus{LastUsedAt: new(metav1.Now()), LastAddress: "203.0.113.0/24", Requests: 3, Refused: 1}
	})
	w.sees(t, "rotated", "credential ba9876543210 in place of 0123456789ab")
	w.sees(t, "used", "from 203.0.113.0/24, 3 requests let through")
	w.sees(t, "requests-refused", "1 more, 1 in all")
	must(t, plane.Client.Delete(t.Context(), object))
	w.sees(t, "revoked", namespace+"/zapier")
	if code := w.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, w.errOut.String())
	}
	if out := w.out.String(); strings.Contains(out, "other") || strings.Contains(out, "/old") {
		t.Errorf("it tells of others:\n%s", out)
	}
	alice.runs(t, "watch", "-n", namespace, "--timeout", "100ms").expect(t, 0, "")
}

// TestWatchOutlastsTheAPIServer: it goes away, and what changes meanwhile is told once it is back.
func TestWatchOutlastsTheAPIServer(t *testing.T) {
	env := &envtest.Environment{
		Scheme: plane.Scheme, BinaryAssetsDirectory: assets(t), CRDDirectoryPaths: []string{filepath.Join("..", "..", "..", "config", "crd", "bases")},
		ControlPlaneStartTimeout: 2 * time.Minute, ControlPlaneStopTimeout: time.Minute,
	}
	env.ControlPlane.GetAPIServer().CertDir = t.TempDir() // or its certificates would be made anew at each start
	env.ControlPlane.GetAPIServer().Configure().Set("request-timeout", "5s")
	config, err := env.Start()
	must(t, err)
	t.Cleanup(func() { _ = env.Stop() })
	api, err := client.New(config, client.Options{Scheme: plane.Scheme})
	must(t, err)
	user, err := env.AddUser(envtest.User{Name: "admin", Groups: []string{"system:masters"}}, &rest.Config{QPS: -1})
	must(t, err)
	declare := func(name string) *v1alpha1.ApiToken {
		object := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}, Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc", Scopes: []v1alpha1.Scope{"read"}, PolicyRef: v1alpha1.PolicyReference{Namespace: "jira-gateway", Name: "jira"},
		}}
		must(t, api.Create(t.Context(), object))
		return object
	}
	gone, kept := declare("gone"), declare("kept")
	w := startWatching(t, controlplane.Kubeconfig(t, user.Config()), "-n", "default")

	must(t, env.ControlPlane.APIServer.Stop())
	eventually(t, func(context.Context) bool { return strings.Contains(w.errOut.String(), "trying again") })
	must(t, env.ControlPlane.APIServer.Start())
	must(t, api.Delete(t.Context(), gone))
	kept.Status.Credential = &v1alpha1.CredentialStatus{ID: "0123456789ab", IssuedAt: metav1.Now()}
	must(t, api.Status().Update(t.Context(), kept))
	declare("new")
	w.sees(t, "revoked", "default/gone")
	w.sees(t, "issued", "default/kept")
	w.sees(t, "declared", "default/new")
	if !strings.Contains(w.errOut.String(), "answers again") {
		t.Error(w.errOut.String())
	}
	if code := w.stop(); code != 0 {
		t.Errorf("exit code %d: %s", code, w.errOut.String())
	}
	for _, once := range []string{"default/gone", "default/kept", "default/new"} {
		if n := strings.Count(w.out.String(), once); n != 1 {
			t.Errorf("%s stands in %d lines:\n%s", once, n, w.out.String())
		}
	}
}
