// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/internal/personaluse"
)

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func entries(user string, count uint64) []personaluse.Entry {
	return []personaluse.Entry{{
		Use:   personaluse.Use{Class: "basic", Outcome: "audit", User: user, Client: "curl", Path: "/rest/api/2/search"},
		Count: count, LastSeen: noon.Add(time.Hour),
	}}
}

func named(name string) *pod {
	return &pod{NamespacedName: types.NamespacedName{Namespace: "jira-gateway", Name: name}, port: 8081}
}

// TestGatewaysTogether: what one knows is added to what the others do, and what is missing is said.
func TestGatewaysTogether(t *testing.T) {
	pending := named("c")
	pending.obstacle = "it is not running (Pending)"
	found, err := gather(t.Context(), []*pod{named("a"), named("b"), pending}, func(_ context.Context, p *pod) (report, error) {
		if p.Name == "a" {
			return report{Since: noon, Entries: append(entries("alice", 3), entries("", 1)...)}, nil
		}
		return report{Since: noon.Add(time.Minute), Entries: entries("alice", 4)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found.Policy = "jira-gateway/jira"
	for output, want := range map[string]string{
		outputTable: "" +
			"CLASS   OUTCOME   USER    CLIENT   PATH                 COUNT   LAST SEEN\n" +
			"basic   audit     alice   curl     /rest/api/2/search   7       2026-11-01T13:00:00Z\n" +
			"basic   audit     -       curl     /rest/api/2/search   1       2026-11-01T13:00:00Z\n\n" +
			"Note: pod c is not in it: it is not running (Pending).\n" +
			"Counted by 2 of 3 gateways of policy jira-gateway/jira, since 2026-11-01T12:01:00Z.\n",
		outputYAML: "" +
			"entries:\n" +
			"- class: basic\n  client: curl\n  count: 7\n  lastSeen: \"2026-11-01T13:00:00Z\"\n  outcome: audit\n" +
			"  path: /rest/api/2/search\n  user: alice\n" +
			"- class: basic\n  client: curl\n  count: 1\n  lastSeen: \"2026-11-01T13:00:00Z\"\n  outcome: audit\n" +
			"  path: /rest/api/2/search\n" +
			"gateways: 2\nmissing:\n- pod: c\n  why: it is not running (Pending)\npolicy: jira-gateway/jira\n" +
			"since: \"2026-11-01T12:01:00Z\"\n",
	} {
		var out bytes.Buffer
		c := &command{output: output, streams: genericiooptions.IOStreams{Out: &out}}
		if err := c.print(found); err != nil || out.String() != want {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
	found.keep([]string{"refused"})
	if len(found.Entries) != 0 {
		t.Errorf("%+v", found.Entries)
	}
	var out bytes.Buffer
	if err := printTable(&out, found); err != nil || !strings.HasPrefix(out.String(), "Nothing of this kind was seen.\n") {
		t.Errorf("%v %s", err, out.String())
	}
}

// TestNoGatewayAnswers: then there is nothing to print.
func TestNoGatewayAnswers(t *testing.T) {
	_, err := gather(t.Context(), []*pod{named("a"), named("b")}, func(context.Context, *pod) (report, error) {
		return report{}, errors.New("it is tired")
	})
	if err == nil || err.Error() != "none of 2 gateway pods could be asked; a: it is tired" {
		t.Error(err)
	}
}

func TestPodsOf(t *testing.T) {
	item := func(name string, phase corev1.PodPhase, port string) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.PodStatus{Phase: phase},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: port, ContainerPort: 8081}}}}},
		}
	}
	var got []string
	for _, p := range podsOf([]corev1.Pod{
		item("runs", corev1.PodRunning, "admin"), item("starts", corev1.PodPending, "admin"), item("odd", corev1.PodRunning, "http"),
		item("was", corev1.PodSucceeded, "admin"), item("failed", corev1.PodFailed, "admin"),
	}) {
		got = append(got, p.Name+": "+p.obstacle)
	}
	want := "runs: ; starts: it is not running (Pending); odd: it has no port admin"
	if strings.Join(got, "; ") != want {
		t.Errorf("%q", got)
	}
}
