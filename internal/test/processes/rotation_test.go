// SPDX-License-Identifier: Apache-2.0

package processes

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

const (
	rotationOverlap = 8 * time.Second
	mountDelay      = 1500 * time.Millisecond // what a kubelet would take, shortened like the overlap
)

// workload uses a token as a program does that reads the file of a mounted Secret for each request.
type workload struct {
	t       *testing.T
	token   *v1alpha1.ApiToken
	file    string
	sent    atomic.Int64
	failed  atomic.Int64
	last    atomic.Value // the last failure
	stopped sync.WaitGroup
}

func startWorkload(ctx context.Context, t *testing.T, tok *v1alpha1.ApiToken, delay time.Duration) *workload {
	t.Helper()
	w := &workload{t: t, token: tok.DeepCopy(), file: filepath.Join(t.TempDir(), "token")}
	w.write(secretToken(t, tok))
	w.stopped.Go(func() { w.mount(ctx, delay) })
	w.stopped.Go(func() { w.work(ctx) })
	return w
}

// mount keeps the file like the Secret, with a delay.
func (w *workload) mount(ctx context.Context, delay time.Duration) {
	inFile := w.read()
	for ctx.Err() == nil {
		var secret corev1.Secret
		if kube.Get(ctx, client.ObjectKeyFromObject(w.token), &secret) != nil || string(secret.Data["token"]) == inFile {
			pause(ctx, 10*time.Millisecond)
			continue
		}
		inFile = string(secret.Data["token"])
		pause(ctx, delay)
		w.write(inFile)
	}
}

func (w *workload) work(ctx context.Context) {
	for ctx.Err() == nil {
		status, body := request(ctx, http.MethodGet, "/rest/api/2/myself", w.read(), "")
		if ctx.Err() != nil {
			return
		}
		w.sent.Add(1)
		if status != http.StatusOK {
			w.failed.Add(1)
			w.last.Store(fmt.Sprintf("%s: %d %s", time.Now().Format(time.TimeOnly), status, body))
		}
		pause(ctx, 5*time.Millisecond)
	}
}

func (w *workload) write(plaintext string) {
	if err := os.WriteFile(w.file+".new", []byte(plaintext), 0o600); err != nil {
		w.t.Error(err)
	}
	if err := os.Rename(w.file+".new", w.file); err != nil {
		w.t.Error(err)
	}
}

func (w *workload) read() string {
	content, err := os.ReadFile(w.file)
	if err != nil {
		w.t.Error(err)
	}
	return string(content)
}

func (w *workload) expectNoFailure(t *testing.T, name string) {
	t.Helper()
	t.Logf("%s: %d requests, %d failed", name, w.sent.Load(), w.failed.Load())
	if w.failed.Load() > 0 || w.sent.Load() < 100 {
		t.Errorf("%s: the last failure: %v", name, w.last.Load())
	}
}

// pause waits, but not for longer than the workload has.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func secretToken(t *testing.T, tok *v1alpha1.ApiToken) string {
	t.Helper()
	var secret corev1.Secret
	must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(tok), &secret))
	return string(secret.Data["token"])
}

// credentials are what the hash Secrets of a token say, by the id of each.
func credentials(t *testing.T, tok *v1alpha1.ApiToken) map[string]*grant.Credential {
	t.Helper()
	var list corev1.SecretList
	must(t, kube.List(t.Context(), &list, client.InNamespace(string(tok.Spec.PolicyRef.Namespace)), client.MatchingLabels{v1alpha1.LabelTokenUID: string(tok.UID)}))
	out := map[string]*grant.Credential{}
	for i := range list.Items {
		c, err := grant.Decode(list.Items[i].Data[grant.DataKey])
		must(t, err)
		out[c.ID] = c
	}
	return out
}

func idOf(t *testing.T, plaintext string) string {
	t.Helper()
	parsed, err := token.Parse(plaintext)
	must(t, err)
	return parsed.ID()
}

// killManager kills it without a word, and starts another one as a kubelet would. Its Lease is taken away, or the other one
// would wait until it has run out.
func killManager(t *testing.T) {
	t.Helper()
	local.Manager.Kill()
	must(t, kube.DeleteAllOf(t.Context(), &coordinationv1.Lease{}, client.InNamespace("jira-token-operator-system")))
	must(t, local.StartManager(t.Context()))
}

// TestRotationLosesNoRequest: three rotations under two workloads, one that reads the Secret at once and one as late as a
// mounted file is, with the manager killed at each step: when the next credential is there, when the Secret has it, and when the
// old one retires.
func TestRotationLosesNoRequest(t *testing.T) {
	tok, current := declare(t, "rotating", func(a *v1alpha1.ApiToken) {
		a.Spec.Rotation = &v1alpha1.Rotation{Overlap: v1alpha1.RotationOverlap(rotationOverlap.String())}
	})
	ctx, cancel := context.WithCancel(t.Context())
	prompt, late := startWorkload(ctx, t, tok, 0), startWorkload(ctx, t, tok, mountDelay)
	defer func() { cancel(); prompt.stopped.Wait(); late.stopped.Wait() }()
	steps := map[string]func(old string) bool{
		"the next credential is there":  func(string) bool { return accepted(credentials(t, tok)) > 1 },
		"the Secret has it":             func(old string) bool { return secretToken(t, tok) != old },
		"the replaced one is to retire": func(old string) bool { c := credentials(t, tok)[idOf(t, old)]; return c == nil || c.RetireAt != nil },
	}
	for step, reached := range steps {
		old, asked := current, time.Now()
		eventually(t, "another one is asked for", func() bool {
			must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(tok), tok))
			metav1.SetMetaDataAnnotation(&tok.ObjectMeta, v1alpha1.AnnotationRotateRequestedAt, asked.String())
			return kube.Update(t.Context(), tok) == nil
		})
		eventually(t, step, func() bool { return reached(old) })
		killManager(t)
		eventually(t, "the Secret has another one", func() bool { current = secretToken(t, tok); return current != old })
		changed := time.Now()
		eventually(t, "the replaced one ends", func() bool {
			status, body := get(t, old)
			if status != http.StatusOK && status != http.StatusUnauthorized {
				t.Fatalf("%d %s", status, body)
			}
			return status == http.StatusUnauthorized
		})
		t.Logf("%s: rotated %s after it was asked for; the old one ended %s later", step, changed.Sub(asked).Round(time.Millisecond),
			time.Since(changed).Round(time.Millisecond))
		if after := time.Since(changed); after > rotationOverlap+30*time.Second { // a busy machine looks late
			t.Errorf("the replaced one ended %s after the Secret was changed", after)
		}
	}
	cancel()
	prompt.expectNoFailure(t, "reads the Secret at once")
	late.expectNoFailure(t, "reads a mounted file")
}

// accepted counts the credentials that have no end yet.
func accepted(all map[string]*grant.Credential) (n int) {
	for _, c := range all {
		if c.RetireAt == nil {
			n++
		}
	}
	return n
}
