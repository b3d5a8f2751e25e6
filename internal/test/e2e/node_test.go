// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/e2e-framework/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const outage = 2 * time.Minute

func apiServerStopped() types.Feature {
	return nodeStory("API server stopped", "requests go on, and revocation works when it is back", func(t *testing.T) {
		t.Helper()
		before, restartsBefore := standing.reports(t), managerRestarts(t)
		token := declare(t, apiToken(reporting, "outage", "bob"))
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		secret := plaintext(t, token)
		works(t, secret, "bob")
		stopPart(t, "kube-apiserver")
		letPass(t.Context(), outage)
		started := time.Now()
		startParts(t)
		eventually(t, "the ApiToken is deleted", func() error { return kube.Delete(t.Context(), token) })
		refused(t, secret, "")
		revoked := since(started)
		declaresAndWorks(t, "after-the-outage")
		working := since(started)
		restarts := managerRestarts(t) - restartsBefore
		if restarts > 2 { // a leader without its lease ends; those that start then are to wait, or kubelet makes them wait for minutes
			t.Errorf("two managers were started again %d times", restarts)
		}
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "API server away for %s; managers started again %d times; a token was revoked %s and another issued %s after it was started again; %s",
			outage, restarts, revoked, working, report)
	})
}

// managerRestarts counts how often containers of the managers that there are were started again.
func managerRestarts(t *testing.T) (restarts int32) {
	t.Helper()
	var pods corev1.PodList
	must(t, kube.List(t.Context(), &pods, client.InNamespace(managerNamespace)))
	for i := range pods.Items {
		for j := range pods.Items[i].Status.ContainerStatuses {
			restarts += pods.Items[i].Status.ContainerStatuses[j].RestartCount
		}
	}
	return restarts
}

func kubeletRestarted() types.Feature {
	return nodeStory("kubelet restarted", "no request fails, and pods of tokens start afterwards", func(t *testing.T) {
		t.Helper()
		before := standing.reports(t)
		stopPart(t, "kubelet")
		startParts(t)
		token := declare(t, apiToken(marketing, "after-the-kubelet", "alice"))
		isActive(t, token, metav1.ConditionTrue, v1alpha1.ReasonIssued)
		w := workloadOf(t, token)
		eventually(t, "the new workload has worked", func() error { return enough(w.report(t)) })
		noFailure(t, w.report(t))
		eventually(t, "the standing workloads have worked", func() error { return enough(standing.since(t, before)) })
		report := standing.since(t, before)
		noFailure(t, report)
		seen(t, "%s", report)
	})
}

// nodeStory is one that takes the node itself apart.
func nodeStory(name, holds string, tell func(*testing.T)) types.Feature {
	return story(name, holds, func(t *testing.T) {
		t.Helper()
		if set.nodeControl == "" {
			t.Skip("it stops parts of the node: E2E_NODE_CONTROL must name hack/cluster, as make e2e-local does")
		}
		t.Cleanup(func() { startParts(t) })
		tell(t)
	})
}

func stopPart(t *testing.T, name string) {
	t.Helper()
	runScript(t, "down.sh", "--only", name)
}

// startParts starts whatever of the cluster does not run.
func startParts(t *testing.T) {
	t.Helper()
	runScript(t, "up.sh")
}

func runScript(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(context.Background(), filepath.Join(set.nodeControl, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	t.Logf("%s %v\n%s", name, args, out)
}

// letPass waits for a time that is to pass, rather than for something to happen.
func letPass(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
