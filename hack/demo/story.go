// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// tell runs the story. A step that differs from what is told is marked, and makes the result an error.
func tell(ctx context.Context, s *stage) error {
	n := &narrator{stage: s}
	n.chapter("Teams declare tokens in their namespaces, as YAML; the operator decides and issues")
	n.kubectl(ctx, "apply", "-f", "hack/demo/manifests/more-tokens.yaml")
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "marketing", "apitoken/alice-migration", "apitoken/one-address",
		"apitoken/commenter")
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "reporting", "apitoken/weekly-report")
	n.kubectl(ctx, "wait", "--for=condition=Stalled", "-n", "marketing", "apitoken/greedy")
	n.kubectl(ctx, "get", "apitokens", "-A")
	n.kubectl(ctx, "get", "apitoken", "greedy", "-n", "marketing",
		"-o", `jsonpath={.status.conditions[?(@.type=="Ready")].message}`)

	alice := n.token(ctx, "marketing", "alice-migration")
	tellUse(ctx, n, alice)
	tellPermissions(ctx, n)
	tellPersonal(ctx, n)
	tellRotation(ctx, n)
	tellLeak(ctx, n)
	tellSuspension(ctx, n, alice)
	tellExpiry(ctx, n)
	tellActivity(ctx, n)
	tellRevocation(ctx, n, alice)
	return n.verdict()
}

func tellUse(ctx context.Context, n *narrator, alice string) {
	n.chapter("A workload mounts the Secret and calls Jira through the gateway: it acts as the owner")
	report := n.token(ctx, "reporting", "weekly-report")
	here, ci := n.token(ctx, "marketing", "one-address"), n.token(ctx, "ci", "ci-bot-jira")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: report}, 200, `"name":"svc-reporting"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", basic: [2]string{"alice", alice}}, 200, `"name":"alice"`)

	n.chapter("Scopes: a read-only token reads, and no more")
	issue := `{"fields":{"project":{"key":"LEADS"},"issuetype":{"name":"Task"},"summary":"A lead from the web form"}}`
	n.expect(ctx, call{path: "/rest/api/2/search?jql=project%20%3D%20LEADS", bearer: report}, 200, `"total":2`)
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/api/2/issue", bearer: report, body: issue}, 403, "write")
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/api/2/issue", bearer: alice, body: issue}, 201, "LEADS-3")
	commenter := n.token(ctx, "marketing", "commenter")
	comment := call{method: http.MethodPost, path: "/rest/api/2/issue/LEADS-3/comment", bearer: commenter}
	comment.body = `{"body":"Called them"}`
	n.expect(ctx, comment, 201, "Called them")
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/api/2/issue", bearer: commenter, body: issue}, 403, "write:issue")
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/pat/latest/tokens", bearer: alice, body: `{"name":"x"}`}, 403, "")

	n.chapter("Source addresses and headers: the same token from two addresses of this machine, and by two programs")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: here, from: "127.0.0.2"}, 200, `"name":"alice"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: here, from: "127.0.0.1"}, 403, "127.0.0.1")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: ci}, 403, "source ranges")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: alice, agent: "curl/8.0"}, 403, "User-Agent")

	n.chapter("What is no token gets nowhere: a wrong one, a truncated one, a password")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: unknownToken()}, 401, "")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: alice[:len(alice)-3]}, 401, "length")
	n.expect(ctx, call{path: "/rest/api/2/myself", basic: [2]string{"alice", alicesPassword}}, 401, "")
}

func tellSuspension(ctx context.Context, n *narrator, alice string) {
	n.chapter("Suspend, and lift it: the same credential works again")
	n.kubectl(ctx, "patch", "apitoken", "alice-migration", "-n", "marketing", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	n.until(ctx, call{path: "/rest/api/2/myself", bearer: alice}, 401, "suspended")
	n.kubectl(ctx, "get", "apitoken", "alice-migration", "-n", "marketing")
	n.kubectl(ctx, "patch", "apitoken", "alice-migration", "-n", "marketing", "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	n.until(ctx, call{path: "/rest/api/2/myself", bearer: alice}, 200, `"name":"alice"`)
}

func tellExpiry(ctx context.Context, n *narrator) {
	n.chapter("A token that lives for six seconds")
	n.kubectl(ctx, "apply", "-f", "hack/demo/manifests/six-seconds.yaml")
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "marketing", "apitoken/brief")
	brief := n.token(ctx, "marketing", "brief")
	shown := n.quiet(ctx, "get", "apitoken", "brief", "-n", "marketing", "-o", "jsonpath={.status.expiresAt}")
	expiresAt, err := time.Parse(time.RFC3339, shown)
	n.do(err)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: brief}, 200, `"name":"alice"`)
	at := n.until(ctx, call{path: "/rest/api/2/myself", bearer: brief}, 401, "expired")
	late := at.Sub(expiresAt)
	n.check(late >= 0 && late < time.Second, fmt.Sprintf("refused %d ms after its expiry at %s", late.Milliseconds(), shown))
	n.kubectl(ctx, "wait", `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Expired`,
		"-n", "marketing", "apitoken/brief")
}

func tellRevocation(ctx context.Context, n *narrator, alice string) {
	n.chapter("Delete the ApiToken: revoked at once, and the Secret is gone")
	refused := make(chan time.Time, 1)
	go func() { refused <- n.silently(ctx, call{path: "/rest/api/2/myself", bearer: alice}, 401) }()
	accepted := n.deletionSeen(ctx, "alice-migration")
	n.kubectl(ctx, "delete", "apitoken", "alice-migration", "-n", "marketing")
	took := (<-refused).Sub(<-accepted)
	n.check(took < time.Second, fmt.Sprintf("the first 401 came %.1f ms after the API server took the deletion",
		float64(took.Microseconds())/1000))
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: alice}, 401, "revoked")
	out := n.quiet(ctx, "get", "secrets", "-n", "marketing", "-o", "name")
	n.check(!strings.Contains(out, "alice-migration"), "Secret alice-migration is gone from namespace marketing")
	n.kubectl(ctx, "get", "apitokens", "-n", "marketing")
}
