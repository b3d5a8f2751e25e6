// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// narrator shows each step with its real output, and counts those that went otherwise than told.
type narrator struct {
	stage           *stage
	steps, differed int
}

// call is one request to the gateway.
type call struct {
	method, path, body string
	bearer             string
	basic              [2]string
	from               string // an address of this machine
	agent              string // User-Agent; default: that of the program that alice's token is for
}

func (n *narrator) chapter(title string) { fmt.Printf("\n— %s\n", title) }

func (n *narrator) check(ok bool, what string) {
	n.steps++
	mark := "✓"
	if !ok {
		n.differed++
		mark = "✗ NOT AS TOLD:"
	}
	fmt.Printf("  %s %s\n", mark, what)
}

// do counts a step that prints nothing of its own.
func (n *narrator) do(err error) {
	if err != nil {
		n.check(false, err.Error())
	}
}

func (n *narrator) verdict() error {
	fmt.Printf("\n%d steps, %d not as told\n", n.steps, n.differed)
	if n.differed > 0 {
		return errDiffered
	}
	return nil
}

// kubectl runs and shows a command.
func (n *narrator) kubectl(ctx context.Context, args ...string) { n.shows(ctx, "", args...) }

// shows runs and shows a command that prints something.
func (n *narrator) shows(ctx context.Context, contains string, args ...string) {
	out, err := n.stage.Kubectl(ctx, args...)
	n.ran("", args, out, err)
	if !strings.Contains(out, contains) {
		n.check(false, fmt.Sprintf("that says nothing of %q", contains))
	}
}

// fed runs and shows a command that reads a token from its standard input.
func (n *narrator) fed(ctx context.Context, input string, args ...string) {
	out, err := n.stage.KubectlWith(ctx, strings.NewReader(input), args...)
	n.ran("cat found.txt | ", args, out, err)
}

// ran shows a command and what came of it.
func (n *narrator) ran(before string, args []string, out string, err error) {
	fmt.Printf("  $ %skubectl %s\n", before, quoted(args))
	for line := range strings.Lines(strings.TrimRight(out, "\n") + "\n") {
		fmt.Print("    ", line)
	}
	n.do(err)
}

// quoted writes arguments so that a shell takes them as they are.
func quoted(args []string) string {
	out := make([]string, len(args))
	for i, arg := range args {
		out[i] = arg
		if strings.ContainsAny(arg, ` "'{}[]$?*()`) {
			out[i] = "'" + arg + "'"
		}
	}
	return strings.Join(out, " ")
}

func (n *narrator) quiet(ctx context.Context, args ...string) string {
	out, err := n.stage.Kubectl(ctx, args...)
	n.do(err)
	return out
}

// token reads the Secret as a workload that mounts it would.
func (n *narrator) token(ctx context.Context, namespace, secret string) string {
	s, err := n.stage.Client.CoreV1().Secrets(namespace).Get(ctx, secret, metav1.GetOptions{})
	n.do(err)
	if err != nil {
		return strings.Repeat("?", token.Length)
	}
	return string(s.Data["token"])
}

// unknownToken is well-formed and was never issued.
func unknownToken() string {
	t, err := token.Generate(rand.Reader)
	if err != nil {
		panic(err) // the system has no randomness
	}
	return t.Reveal()
}

// expect makes a request, shows it and its answer, and checks the status and a part of the body.
func (n *narrator) expect(ctx context.Context, c call, status int, contains string) {
	got, body, err := n.stage.send(ctx, c)
	fmt.Printf("  → %s\n", c)
	if err != nil {
		n.check(false, err.Error())
		return
	}
	n.check(got == status && strings.Contains(body, contains), fmt.Sprintf("%d %s", got, shortened(body)))
}

// until repeats a request until the status is as told, shows that answer and returns when it came.
func (n *narrator) until(ctx context.Context, c call, status int, contains string) time.Time {
	at := n.silently(ctx, c, status)
	n.expect(ctx, c, status, contains)
	return at
}

func (n *narrator) silently(ctx context.Context, c call, status int) time.Time {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && ctx.Err() == nil; {
		if got, _, err := n.stage.send(ctx, c); err == nil && got == status {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return time.Now()
}

// deletionSeen tells when the API server took the deletion of an ApiToken.
func (n *narrator) deletionSeen(ctx context.Context, name string) <-chan time.Time {
	seen := make(chan time.Time, 1)
	client, err := dynamic.NewForConfig(n.stage.Config)
	n.do(err)
	tokens := schema.GroupVersionResource{Group: "jiratokens.io", Version: "v1alpha1", Resource: "apitokens"}
	w, err := client.Resource(tokens).Namespace("marketing").Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	n.do(err)
	go func() {
		defer w.Stop()
		for event := range w.ResultChan() {
			if o, ok := event.Object.(*unstructured.Unstructured); ok && o.GetDeletionTimestamp() != nil {
				break
			}
		}
		seen <- time.Now()
	}()
	return seen
}

// send makes a request from the given address.
func (s *stage) send(ctx context.Context, c call) (int, string, error) {
	method := c.method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, s.gatewayURL+c.path, bytes.NewReader([]byte(c.body)))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("User-Agent", cmp.Or(c.agent, "migration/1.4"))
	if c.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.bearer != "" {
		request.Header.Set("Authorization", "Bearer "+c.bearer)
	} else {
		request.SetBasicAuth(c.basic[0], c.basic[1])
	}
	response, err := clientAt(c.from).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	return response.StatusCode, string(body), err
}

var clients = map[string]*http.Client{}

func clientAt(address string) *http.Client {
	if address == "" {
		return http.DefaultClient
	}
	if clients[address] == nil {
		dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		clients[address] = &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	}
	return clients[address]
}

// String shows a request without its secret.
func (c call) String() string {
	method, credential := c.method, "Basic "+c.basic[0]+":…"
	if method == "" {
		method = http.MethodGet
	}
	if c.bearer != "" {
		credential = "Bearer " + c.bearer[:min(16, len(c.bearer))] + "…"
	}
	if c.from != "" {
		credential += ", from " + c.from
	}
	if c.agent != "" {
		credential += ", User-Agent " + c.agent
	}
	return fmt.Sprintf("%s %s   (%s)", method, c.path, credential)
}

func shortened(body string) string {
	body = strings.Join(strings.Fields(body), " ")
	if len(body) > 150 {
		return body[:150] + "…"
	}
	return body
}
