// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	crand "crypto/rand"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/test/stack"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// traffic is what clients do until it is stopped.
type traffic struct {
	tokens map[string]string // plaintexts by name
	cancel context.CancelFunc
	all    sync.WaitGroup
}

// startTraffic declares tokens of several states and has requests sent that end in every way.
func startTraffic(ctx context.Context) (*traffic, error) {
	t := &traffic{tokens: map[string]string{}}
	for _, declare := range []struct {
		name string
		edit func(*v1alpha1.ApiTokenSpec)
	}{
		{"ci", func(s *v1alpha1.ApiTokenSpec) { s.Lifetime = "2160h" }},
		{"reporting", func(s *v1alpha1.ApiTokenSpec) { s.Owner, s.Lifetime = "bob", "480h" }},
		{"sync", func(s *v1alpha1.ApiTokenSpec) { s.Lifetime = "12h" }},
		{"greedy", func(s *v1alpha1.ApiTokenSpec) {
			s.RateLimit = &v1alpha1.RateLimit{Requests: 60, Period: "1m", Burst: new(int32(5))}
		}},
		{"lost", func(*v1alpha1.ApiTokenSpec) {}},
		{"paused", func(s *v1alpha1.ApiTokenSpec) { s.Suspend = true }},
		{"stranger", func(s *v1alpha1.ApiTokenSpec) { s.Owner = "root" }},
	} {
		wanted := &v1alpha1.ApiToken{
			ObjectMeta: metav1.ObjectMeta{Namespace: tokenNamespace, Name: declare.name},
			Spec: v1alpha1.ApiTokenSpec{
				Owner: "alice", Scopes: []v1alpha1.Scope{"read"}, Lifetime: "720h",
				PolicyRef: v1alpha1.PolicyReference{Name: stack.PolicyName, Namespace: stack.PolicyNamespace},
			},
		}
		declare.edit(&wanted.Spec)
		if err := kube.Create(ctx, wanted); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"ci", "reporting", "sync", "greedy", "lost"} {
		if err := t.wait(ctx, name, ""); err != nil {
			return nil, err
		}
	}
	requests, err := t.requests()
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	t.cancel = cancel
	t.all.Go(func() { t.loseSecrets(running) })
	t.all.Go(func() { tryDeclarations(running) })
	for i, request := range requests {
		t.all.Go(func() { request.repeat(running, float64(i)) })
	}
	return t, nil
}

func (t *traffic) stop() { t.cancel(); t.all.Wait() }

// wait waits until a token's Secret holds another plaintext than before.
func (t *traffic) wait(ctx context.Context, name, before string) error {
	var secret corev1.Secret
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := kube.Get(ctx, client.ObjectKey{Namespace: tokenNamespace, Name: name}, &secret)
		return err == nil && string(secret.Data["token"]) != before, nil
	})
	if err != nil {
		return fmt.Errorf("the Secret of %s did not come: %w", name, err)
	}
	t.tokens[name] = string(secret.Data["token"])
	return nil
}

// loseSecrets deletes a Secret from time to time, which has the manager issue a new credential.
func (t *traffic) loseSecrets(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		_ = kube.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: tokenNamespace, Name: "lost"}})
		var secret corev1.Secret
		_ = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 10*time.Second, false, func(ctx context.Context) (bool, error) {
			return kube.Get(ctx, client.ObjectKey{Namespace: tokenNamespace, Name: "lost"}, &secret) == nil, nil
		})
	}, 15*time.Second)
}

// tryDeclarations asks the webhook.
func tryDeclarations(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		wanted := &v1alpha1.ApiToken{
			ObjectMeta: metav1.ObjectMeta{Namespace: tokenNamespace, Name: "trial"},
			Spec: v1alpha1.ApiTokenSpec{
				Owner: "alice", Scopes: []v1alpha1.Scope{"admin"}, Lifetime: "1h",
				PolicyRef: v1alpha1.PolicyReference{Name: stack.PolicyName, Namespace: stack.PolicyNamespace},
			},
		}
		_ = kube.Create(ctx, wanted, client.DryRunAll)
	}, 2*time.Second)
}

// request is one that is sent again and again.
type request struct {
	method, path, authorization string
	perSecond                   float64
}

func (t *traffic) requests() ([]request, error) {
	unknown, err := token.Generate(crand.Reader)
	if err != nil {
		return nil, err
	}
	with := func(name string) string { return "Bearer " + t.tokens[name] }
	const search, comment = "/rest/api/2/search?jql=project%3DLEADS", "/rest/api/2/issue/LEADS-1/comment"
	return []request{
		{http.MethodGet, "/rest/api/2/myself", with("ci"), 12},
		{http.MethodGet, search, with("reporting"), 6},
		{http.MethodGet, "/rest/api/2/project", with("sync"), 4},
		{http.MethodGet, search, with("greedy"), 3},
		{http.MethodPost, comment, with("ci"), .6},
		{http.MethodGet, "/rest/api/2/myself", "Bearer " + unknown.Reveal(), .3},
		{http.MethodGet, "/rest/api/2/myself?token=" + t.tokens["lost"], "", .1},
		{http.MethodGet, "/rest/api/2/serverInfo", "", 1},
		{http.MethodGet, "/rest/api/2/myself", "Basic YWxpY2U6d3Jvbmc=", .3},
	}, nil
}

// repeat sends at a rate that goes up and down.
func (r request) repeat(ctx context.Context, phase float64) {
	begin := time.Now()
	for ctx.Err() == nil {
		wave := 1 + .5*math.Sin(phase+time.Since(begin).Seconds()/25)
		pause := time.NewTimer(time.Duration(rand.ExpFloat64() / (r.perSecond * wave) * float64(time.Second)))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
		r.send(ctx)
	}
}

func (r request) send(ctx context.Context) {
	url := "http://" + local.GatewayAddress + "/jira" + r.path
	var body io.Reader = http.NoBody
	if r.method == http.MethodPost {
		body = strings.NewReader(`{"body":"seen"}`)
	}
	out, err := http.NewRequestWithContext(ctx, r.method, url, body)
	if err != nil {
		return
	}
	if r.authorization != "" {
		out.Header.Set("Authorization", r.authorization)
	}
	out.Header.Set("Content-Type", "application/json")
	if response, err := http.DefaultClient.Do(out); err == nil {
		_ = response.Body.Close()
	}
}

// slowly has a Jira take its time, as Jira does.
func slowly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		timer := time.NewTimer(time.Duration(math.Exp(rand.NormFloat64()*.6) * 12 * float64(time.Millisecond)))
		defer timer.Stop()
		select {
		case <-timer.C:
			h.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	})
}
