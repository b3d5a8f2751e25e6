// SPDX-License-Identifier: Apache-2.0

package flux

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

// TestDenyBeatsGit does what docs/gitops.md says, with the very command: the denial stays while Flux applies a policy without one,
// and counts as long as Git has none of its own. Without --field-manager Flux takes it back.
func TestDenyBeatsGit(t *testing.T) {
	page, err := os.ReadFile("../../../docs/gitops.md")
	must(t, err)
	found := regexp.MustCompile("(?s)```sh\nkubectl (patch tokenpolicy.*?)\n```").FindSubmatch(page)
	if found == nil {
		t.Fatal("docs/gitops.md has no kubectl patch tokenpolicy")
	}
	command := strings.Fields(strings.NewReplacer("\\\n", " ", "'", "").Replace(string(found[1])))
	withoutManager := slices.DeleteFunc(slices.Clone(command), func(arg string) bool { return strings.HasPrefix(arg, "--field-manager") })
	if len(withoutManager) != len(command)-1 {
		t.Fatalf("kubectl %v has no --field-manager", command)
	}
	k := documentedKustomization(t)
	k.expectReady()
	token, other := plaintext(t, intake), plaintext(t, leads)
	expectAccepted(t, token)

	kubectl(t, withoutManager...)
	expectRefused(t, token, "blocked")
	k.expectReady()
	if deny := policy(t).Spec.Deny; deny != nil {
		t.Errorf("Flux left what kubectl wrote under its own name: %+v", deny)
	}
	expectAccepted(t, token)

	kubectl(t, command...)
	expectRefused(t, token, "blocked")
	for range 2 { // it is as declared, so it stays healthy
		k.expectReady()
	}
	expect(t, intake, v1alpha1.ReasonDenied)
	if status, body := ask(t, token); status == 200 {
		t.Errorf("after Git was applied again: %d %s", status, body)
	}
	expectAccepted(t, other)

	text, err := os.ReadFile(git.folder + "/" + inGit + "/policy.yaml")
	must(t, err)
	k.apply(map[string]string{"policy.yaml": string(text) + "  deny: {tokens: [marketing/leads]}\n"})
	expectRefused(t, other, "blocked")
	expectAccepted(t, token)
	k.apply(map[string]string{"policy.yaml": string(text)})
	expectAccepted(t, other)
	expectAccepted(t, token)
}
