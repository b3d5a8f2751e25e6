// SPDX-License-Identifier: Apache-2.0

package main

import "context"

const alicesPassword = "a password that no script needs to know"

func tellPersonal(ctx context.Context, n *narrator) {
	withPassword := call{path: "/rest/api/2/myself", basic: [2]string{"alice", alicesPassword}}
	n.chapter("Passwords: see who uses them first, then shut them off")
	n.kubectl(ctx, "patch", "tokenpolicy", "jira", "-n", "jira-gateway", "--type=merge",
		"-p", `{"spec":{"personalCredentials":{"enforcement":"Audit"}}}`)
	n.until(ctx, withPassword, 200, `"name":"alice"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: unknownToken()}, 401, "") // a token that is refused never passes
	n.kubectl(ctx, "patch", "tokenpolicy", "jira", "-n", "jira-gateway", "--type=merge",
		"-p", `{"spec":{"personalCredentials":{"enforcement":"Enforce"}}}`)
	n.until(ctx, withPassword, 401, "passwords are not accepted here")
}
