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
	n.chapter(ctx, "A team declares tokens in its namespace, as YAML; the operator decides and issues")
	n.do(ctx, s.apply(ctx, "2-tokens.yaml"))
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "marketing", "apitoken/reports", "apitoken/intake", "apitoken/office")
	n.kubectl(ctx, "wait", "--for=condition=Stalled", "-n", "marketing", "apitoken/greedy")
	n.kubectl(ctx, "get", "apitokens", "-n", "marketing")
	n.kubectl(ctx, "get", "apitoken", "greedy", "-n", "marketing",
		"-o", `jsonpath={.status.conditions[?(@.type=="Ready")].message}`)

	n.chapter(ctx, "A workload mounts the Secret and calls Jira through the gateway: it acts as the owner")
	reports, intake, office := n.token(ctx, "reports"), n.token(ctx, "intake"), n.token(ctx, "office")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: reports}, 200, `"name":"svc-reports"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", basic: [2]string{"alice", intake}}, 200, `"name":"alice"`)

	n.chapter(ctx, "Scopes: a read-only token reads, and no more")
	issue := `{"fields":{"project":{"key":"LEADS"},"issuetype":{"name":"Task"},"summary":"A lead from the web form"}}`
	n.expect(ctx, call{path: "/rest/api/2/search?jql=project%20%3D%20LEADS", bearer: reports}, 200, `"total":2`)
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/api/2/issue", bearer: reports, body: issue}, 403, "write")
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/api/2/issue", bearer: intake, body: issue}, 201, "LEADS-3")
	n.expect(ctx, call{method: http.MethodPost, path: "/rest/pat/latest/tokens", bearer: intake, body: `{"name":"x"}`}, 403, "")

	n.chapter(ctx, "Source addresses: the same token from two addresses of this machine")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: office, from: "127.0.0.2"}, 200, `"name":"alice"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: office, from: "127.0.0.1"}, 403, "127.0.0.1")

	n.chapter(ctx, "What is no token gets nowhere: a wrong one, a truncated one, a password")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: unknownToken()}, 401, "")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: intake[:len(intake)-3]}, 401, "length")
	n.expect(ctx, call{path: "/rest/api/2/myself", basic: [2]string{"alice", "a password that no script needs to know"}}, 401, "")

	tellSuspension(ctx, n, intake)
	tellExpiry(ctx, n)
	tellRevocation(ctx, n, intake)
	return n.verdict()
}

func tellSuspension(ctx context.Context, n *narrator, intake string) {
	n.chapter(ctx, "Suspend, and lift it: the same credential works again")
	n.kubectl(ctx, "patch", "apitoken", "intake", "-n", "marketing", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	n.until(ctx, call{path: "/rest/api/2/myself", bearer: intake}, 401, "suspended")
	n.kubectl(ctx, "get", "apitoken", "intake", "-n", "marketing")
	n.kubectl(ctx, "patch", "apitoken", "intake", "-n", "marketing", "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	n.until(ctx, call{path: "/rest/api/2/myself", bearer: intake}, 200, `"name":"alice"`)
}

func tellExpiry(ctx context.Context, n *narrator) {
	n.chapter(ctx, "A token that lives for six seconds")
	n.do(ctx, n.stage.apply(ctx, "3-brief.yaml"))
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "marketing", "apitoken/brief")
	brief := n.token(ctx, "brief")
	shown := n.quiet(ctx, "get", "apitoken", "brief", "-n", "marketing", "-o", "jsonpath={.status.expiresAt}")
	expiresAt, err := time.Parse(time.RFC3339, shown)
	n.do(ctx, err)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: brief}, 200, `"name":"alice"`)
	at := n.until(ctx, call{path: "/rest/api/2/myself", bearer: brief}, 401, "expired")
	late := at.Sub(expiresAt)
	n.check(late >= 0 && late < time.Second, fmt.Sprintf("refused %d ms after its expiry at %s", late.Milliseconds(), shown))
	n.kubectl(ctx, "wait", `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=Expired`,
		"-n", "marketing", "apitoken/brief")
}

func tellRevocation(ctx context.Context, n *narrator, intake string) {
	n.chapter(ctx, "Delete the ApiToken: revoked at once, and the Secret is gone")
	refused := make(chan time.Time, 1)
	go func() { refused <- n.silently(ctx, call{path: "/rest/api/2/myself", bearer: intake}, 401) }()
	accepted := n.deletionSeen(ctx, "intake")
	n.kubectl(ctx, "delete", "apitoken", "intake", "-n", "marketing")
	took := (<-refused).Sub(<-accepted)
	n.check(took < time.Second, fmt.Sprintf("the first 401 came %.1f ms after the API server took the deletion",
		float64(took.Microseconds())/1000))
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: intake}, 401, "revoked")
	out := n.quiet(ctx, "get", "secrets", "-n", "marketing", "-o", "name")
	n.check(!strings.Contains(out, "intake"), "Secret intake is gone from namespace marketing")
	n.kubectl(ctx, "get", "apitokens", "-n", "marketing")
}
