// SPDX-License-Identifier: Apache-2.0

package directory_test

import (
	"context"
	"crypto/rand"
	"sync"
	"testing"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/controllers/directory"
	"github.com/jiratokens/jira-token-operator/controllers/index"
	"github.com/jiratokens/jira-token-operator/controllers/setup"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// startController runs the controller as the manager does, by its watches, on the world's clock.
func (w *world) startController() {
	w.Helper()
	options, err := setup.CacheOptions()
	must(w, err)
	unique := true
	mgr, err := ctrl.NewManager(plane.Config, ctrl.Options{
		Scheme: plane.Scheme, Cache: options, Metrics: metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: &unique},
	})
	must(w, err)
	ctx, cancel := context.WithCancel(w.Context())
	must(w, index.Register(ctx, mgr.GetFieldIndexer()))
	r := &directory.Reconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Directory: stored.NewReader(mgr.GetClient()),
		Recorder: w.manager.events, Clock: w.clock, Random: rand.Reader,
	}
	must(w, r.SetupWithManager(mgr, 2))
	var stopped sync.WaitGroup
	stopped.Go(func() {
		if err := mgr.Start(ctx); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(func() { cancel(); stopped.Wait() })
}

// Whatever changes a policy's directory wakes it, with no refresh due.
func TestWakes(t *testing.T) {
	w := newWorld(t)
	must(t, plane.Client.Delete(t.Context(), w.credential(nil)))
	w.startController()
	reason := func(want string) func() bool {
		return func() bool {
			must(t, plane.Client.Get(t.Context(), keyOf(w.policy.Namespace, "jira"), w.policy))
			for _, c := range w.policy.Status.Conditions {
				if c.Type == v1alpha1.ConditionDirectorySynced {
					return c.Reason == want
				}
			}
			return want == ""
		}
	}
	w.eventually("the missing credential is told of", reason(v1alpha1.ReasonDirectoryRefused))
	// The clock stands still, but a changed credential is not tried more than once a second.
	w.clock.SetTime(w.clock.Now().Add(time.Second))
	w.create(w.credential(map[string]string{"token": w.pat}))
	w.eventually("the new credential is used", reason(v1alpha1.ReasonDirectorySynced))

	w.jira.AddUser(jiratest.User{Name: "svc-ci", Key: "ci"})
	w.token("ci", "svc-ci")
	w.eventually("the new token's owner is looked up", func() bool { return w.kept().User("svc-ci") != nil })

	must(t, plane.Client.Delete(t.Context(), w.secrets()["jira-directory"]))
	w.jira.Reset()
	w.eventually("what was kept is there again", func() bool { return w.kept().User("svc-ci") != nil })
	if len(w.jira.Received()) != 0 {
		t.Error("Jira was asked for what is known")
	}

	w.edit(func(p *v1alpha1.TokenPolicy) { p.Spec.Directory, p.Spec.JiraGroups = nil, nil })
	w.eventually("all is taken away", func() bool { return reason("")() && len(w.secrets()) == 0 })
}
