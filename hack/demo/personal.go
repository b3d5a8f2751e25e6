// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"strings"
	"time"
)

const alicesPassword = "a password that no script needs to know"

func tellPersonal(ctx context.Context, n *narrator) {
	withPassword := call{path: "/rest/api/2/myself", basic: [2]string{"alice", alicesPassword}}
	n.chapter("Passwords: see who uses them first, then shut them off")
	n.kubectl(ctx, "patch", "tokenpolicy", "jira", "-n", "jira-gateway", "--type=merge",
		"-p", `{"spec":{"personalCredentials":{"enforcement":"Audit"}}}`)
	n.until(ctx, withPassword, 200, `"name":"alice"`)
	n.auditLine(ctx, `"decision":"audit"`, `"credentialClass":"basic"`)
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: unknownToken()}, 401, "") // a token that is refused never passes
	n.kubectl(ctx, "patch", "tokenpolicy", "jira", "-n", "jira-gateway", "--type=merge",
		"-p", `{"spec":{"personalCredentials":{"enforcement":"Enforce"}}}`)
	n.until(ctx, withPassword, 401, "passwords are not accepted here")
}

// auditLine waits for a line of the gateway's audit log that says all of this, and shows it.
func (n *narrator) auditLine(ctx context.Context, says ...string) {
	for {
		content, err := os.ReadFile(n.stage.Gateway.Log())
		if err != nil {
			n.do(err)
			return
		}
		for line := range strings.Lines(string(content)) {
			if containsAll(line, says) {
				n.check(true, "the audit log has "+strings.TrimSpace(line))
				return
			}
		}
		select {
		case <-ctx.Done():
			n.do(ctx.Err())
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func containsAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
