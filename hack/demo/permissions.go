// SPDX-License-Identifier: Apache-2.0

package main

import "context"

// person is kubectl as one of the company's users, as an identity provider would name them.
func person(name string, groups ...string) []string {
	args := make([]string, 0, 1+len(groups))
	args = append(args, "--as=oidc:"+name+"@corp.example")
	for _, group := range groups {
		args = append(args, "--as-group="+group)
	}
	return args
}

func tellPermissions(ctx context.Context, n *narrator) {
	alice, carol, paul := person("alice"), person("carol"), person("paul", "platform-team")
	n.chapter("Who may declare a token: alice her own, the platform team those of service users")
	n.kubectl(ctx, "apply", "-f", "hack/demo/manifests/sales.yaml")
	n.kubectl(ctx, "patch", "tokenpolicy", "jira", "-n", "jira-gateway", "--type=json",
		"--patch-file", "hack/demo/manifests/who-may.yaml")
	n.kubectl(ctx, "apitoken", "can-i", "-f", "hack/demo/manifests/mine.yaml", "--requester=oidc:alice@corp.example")
	n.shows(ctx, "Warning:", append([]string{"apply", "--dry-run=server", "-f", "hack/demo/manifests/mine.yaml"}, paul...)...)
	n.kubectl(ctx, append([]string{"apply", "-f", "hack/demo/manifests/mine.yaml"}, alice...)...)
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "sales", "apitoken/alice-leads")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: n.token(ctx, "sales", "alice-leads")}, 200, `"name":"alice"`)

	n.chapter("An approval by somebody else: it works only then")
	n.kubectl(ctx, append([]string{"apply", "-f", "hack/demo/manifests/integration.yaml"}, paul...)...)
	n.kubectl(ctx, "wait", `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=ApprovalRequired`,
		"-n", "sales", "apitoken/dashboard")
	n.kubectl(ctx, append([]string{"apitoken", "approve", "dashboard", "-n", "sales", "--yes", "--reason=OPS-17"}, carol...)...)
	n.kubectl(ctx, "wait", "--for=condition=Active", "-n", "sales", "apitoken/dashboard")
	n.expect(ctx, call{path: "/rest/api/2/myself", bearer: n.token(ctx, "sales", "dashboard")}, 200, `"name":"svc-reporting"`)
	n.kubectl(ctx, "get", "apitoken", "dashboard", "-n", "sales", "-o",
		`jsonpath=asked for by {.status.requestedBy}, approved by {.status.approvedBy}`)
}
