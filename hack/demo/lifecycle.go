// SPDX-License-Identifier: Apache-2.0

package main

import "context"

func tellRotation(ctx context.Context, n *narrator) {
	n.chapter("Rotate: the next credential works before the last one ends")
	former := n.token(ctx, "reporting", "weekly-report")
	n.kubectl(ctx, "apitoken", "rotate", "weekly-report", "-n", "reporting", "--wait")
	next := n.token(ctx, "reporting", "weekly-report")
	n.check(next != former, "the Secret holds another token")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: next}, 200, `"name":"svc-reporting"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: former}, 200, `"name":"svc-reporting"`)
	n.kubectl(ctx, "get", "apitoken", "weekly-report", "-n", "reporting", "-o",
		`jsonpath={.status.retiring[0].id} is accepted until {.status.retiring[0].retiresAt}`)
}

func tellLeak(ctx context.Context, n *narrator) {
	n.chapter("A token was found in a repository: whose is it? It ends, and is shown nowhere")
	leaked := n.token(ctx, "sales", "alice-leads")
	n.fed(ctx, leaked, "apitoken", "revoke", "--stdin", "--yes", "--wait")
	n.until(ctx, call{path: "/rest/api/2/myself", bearer: leaked}, 401, "revoked")
}

func tellActivity(ctx context.Context, n *narrator) {
	n.chapter("Who uses what, and when last: the gateways report it, the tokens' status tells it")
	n.kubectl(ctx, "wait", "--for=jsonpath={.status.activity.requests}", "--timeout=150s", "-n", "reporting",
		"apitoken/weekly-report")
	n.kubectl(ctx, "apitoken", "list", "-A", "-o", "wide")
	n.kubectl(ctx, "apitoken", "describe", "weekly-report", "-n", "reporting")
}
