// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/e2e/load"
)

// asker is the pod that asks what stories want to know.
const asker = "asker"

// workload is a pod that mounts the Secret of a token and calls Jira with it through the gateway's Service.
type workload struct{ namespace, name string }

func startWorkload(ctx context.Context, token *v1alpha1.ApiToken) (*workload, error) {
	p := pod(token.Namespace, token.Name, "/workload", "--mount=/etc/jira", "--owner="+string(token.Spec.Owner))
	mount(p, token.Name, "/etc/jira")
	if err := kube.Create(ctx, p); err != nil {
		return nil, err
	}
	return &workload{namespace: p.Namespace, name: p.Name}, podReady(ctx, p.Namespace, p.Name)
}

// workloadOf starts a pod for one story.
func workloadOf(t *testing.T, token *v1alpha1.ApiToken) *workload {
	t.Helper()
	w, err := startWorkload(t.Context(), token)
	must(t, err)
	t.Cleanup(func() { remove(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: w.name}}) })
	return w
}

// fetchReport asks the pod through the API server, which works from wherever the tests run.
func (w *workload) fetchReport(ctx context.Context) (*load.Report, error) {
	raw, err := core.CoreV1().Pods(w.namespace).ProxyGet("", w.name, "8080", "report", nil).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("report of pod %s/%s: %w", w.namespace, w.name, err)
	}
	report := &load.Report{}
	return report, json.Unmarshal(raw, report)
}

func (w *workload) report(t *testing.T) (report *load.Report) {
	t.Helper()
	eventually(t, "the workload tells what it did", func() (err error) { report, err = w.fetchReport(t.Context()); return err })
	return report
}

// ask sends one request from a pod: as a token of the gateway's, or to Jira itself.
func ask(t *testing.T, question *load.Question) *load.Answer {
	t.Helper()
	body, err := json.Marshal(question)
	must(t, err)
	answer := &load.Answer{}
	eventually(t, "the pod "+asker+" has asked", func() error {
		raw, err := core.CoreV1().RESTClient().Post().Namespace(jiraNamespace).Resource("pods").Name(asker + ":8080").
			SubResource("proxy").Suffix("ask").Body(body).Do(t.Context()).Raw()
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, answer)
	})
	return answer
}

// myself asks the gateway who a token is.
func myself(t *testing.T, plaintext string) *load.Answer {
	t.Helper()
	return ask(t, &load.Question{URL: gatewayURL + "/rest/api/2/myself", Token: plaintext})
}

func works(t *testing.T, plaintext, as string) {
	t.Helper()
	eventually(t, "the token works as "+as, func() error {
		if a := myself(t, plaintext); a.Status != http.StatusOK || a.User != as {
			return fmt.Errorf("it was answered %s", a)
		}
		return nil
	})
}

// refused waits until a token is refused with a message that has the given words.
func refused(t *testing.T, plaintext, words string) {
	t.Helper()
	eventually(t, "the token is refused", func() error {
		if a := myself(t, plaintext); a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, words) {
			return fmt.Errorf("it was answered %s", a)
		}
		return nil
	})
}

// crew is several workloads; what they report is put together.
type crew []*workload

// standing are workloads that run from the beginning to the end, one in each namespace.
var standing crew

// standingOwners are their tokens' owners by namespace.
var standingOwners = map[string]v1alpha1.JiraUserName{marketing: "alice", reporting: "bob", development: "alice"}

func declareStanding(ctx context.Context) error {
	for _, namespace := range tokenNamespaces {
		token := apiToken(namespace, "standing", standingOwners[namespace])
		if err := kube.Create(ctx, token); err != nil {
			return err
		}
		_, err := kubectl(ctx, "", "wait", "--for=condition=Active", "-n", namespace, "apitoken/"+token.Name, "--timeout=2m")
		if err != nil {
			return err
		}
		w, err := startWorkload(ctx, token)
		if err != nil {
			return err
		}
		standing = append(standing, w)
	}
	return nil
}

// reports are the workloads' own, in their order.
func (c crew) reports(t *testing.T) []*load.Report {
	t.Helper()
	all := make([]*load.Report, len(c))
	for i, w := range c {
		all[i] = w.report(t)
	}
	return all
}

// since puts together what came after earlier reports.
func (c crew) since(t *testing.T, earlier []*load.Report) *load.Report {
	t.Helper()
	sum := &load.Report{}
	for i, r := range c.reports(t) {
		r = r.Since(earlier[i])
		sum.Requests += r.Requests
		sum.Failed += r.Failed
		sum.Failures = append(sum.Failures, r.Failures...)
		sum.Slowest = max(sum.Slowest, r.Slowest)
	}
	return sum
}

// noFailure fails the test if a request has failed, or hardly any was made.
func noFailure(t *testing.T, r *load.Report) {
	t.Helper()
	if r.Failed > 0 {
		t.Errorf("requests have failed: %s", r)
	}
	if err := enough(r); err != nil {
		t.Error(err)
	}
}

func enough(r *load.Report) error {
	if r.Requests < 200 {
		return fmt.Errorf("only %d requests were made: too few to show anything", r.Requests)
	}
	return nil
}
