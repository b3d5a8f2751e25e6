// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

var rewrite = flag.Bool("update", false, "write the table of docs/security.md anew; read the diff")

// advisory is something that happened to a product like this one, and the test that it owes us.
type advisory struct {
	seenIn, what, name string
	// run is the test; nil: the cases of the corpora that have the ids of seenIn in their names.
	run func(t *testing.T)
	// elsewhere are more tests, each with its folder.
	elsewhere []string
}

var advisories = []advisory{
	{
		seenIn: "oauth2-proxy CVE-2025-64484; Traefik CVE-2026-54763, CVE-2026-33433",
		name:   "identity headers in every spelling",
		what:   "Identity headers are taken off in every spelling (dash, underscore, case, twice); Jira sees ours only",
	},
	{
		seenIn: "Traefik CVE-2024-45410, CVE-2026-29054; golang-50580, CVE-2021-33197",
		name:   "Connection takes nothing of ours away",
		what:   "What `Connection` names is taken off before our headers are put in",
	},
	{
		seenIn: "golang-80416", name: "no upgrade to HTTP/2 or anything else",
		what: "Every Upgrade is refused with 400, and nothing is tunnelled", elsewhere: []string{"internal/gateway TestHTTP2IsNotSpoken"},
	},
	{
		seenIn: "oauth2-proxy CVE-2026-40575", name: "forwarded headers change no decision",
		what: "X-Forwarded-* and their like are taken off; the decision is about the path that is forwarded",
	},
	{
		seenIn: "oauth2-proxy#3506", name: "no proxy is trusted by default", run: noProxyIsTrusted,
		what: "X-Forwarded-For is believed from `trustedProxies` only, and there are none by default",
		elsewhere: []string{
			"internal/gateway TestClientAddress", "internal/gateway TestSourceRangesAndTrustedProxies", "internal/gateway FuzzClientAddress",
		},
	},
	{
		seenIn: "oauth2-proxy CVE-2025-54576, CVE-2026-41059", name: "rule text behind a delimiter",
		what: "Only the path is matched; a fragment is refused, query and headers say nothing",
	},
	{
		seenIn: "oauth2-proxy CVE-2026-34457", name: "a health checker's User-Agent opens nothing",
		what: "No request passes for its User-Agent; probes have a port of their own",
	},
	{
		seenIn: "Traefik CVE-2025-66490, CVE-2026-40912, CVE-2026-48020; Oathkeeper CVE-2026-33494", name: "the authorised path is the served one",
		what:      "Paths with two readings are refused with 400; what is authorised is forwarded byte for byte",
		elsewhere: []string{"internal/test/hostile TestTomcatServesWhatWasAuthorised"},
	},
	{
		seenIn: "Jira CVE-2022-0540, CVE-2021-26086, CVE-2020-29453", name: "path tricks against Jira itself",
		what: "`;`, `/s/…/_/` and dot segments are refused or out of reach",
	},
	{
		seenIn: "Traefik CVE-2026-71326; Oathkeeper CVE-2026-33496", name: "no answer of another identity", run: noCrossIdentity,
		what:      "Nothing of a request outlives it; an answer that is not the owner's is kept back (502)",
		elsewhere: []string{"internal/gateway TestAnotherIdentityIsNotKept"},
	},
	{
		seenIn: "Traefik CVE-2026-71324", name: "CONNECT and TRACE", what: "Refused with 405, and the connection ends",
	},
	{
		seenIn: "Traefik CVE-2026-54762; Kong kubernetes-ingress-controller#4207; ingress-nginx#3043",
		name:   "what can't be resolved is closed", run: missingSecretIsClosed,
		what: "Without a usable Secret nothing passes; without the Kubernetes API the last good state holds, until `maxStaleness`",
		elsewhere: []string{
			"internal/gateway TestADenyListDoesNotWaitForAKey", "internal/gateway/mirror TestOutage",
			"internal/gateway/mirror TestUndecodableSecret",
		},
	},
	{
		seenIn: "Traefik CVE-2026-41263, CVE-2026-32595; OpenBao CVE-2025-54999", name: "unknown and known but wrong look alike",
		run: knownAndUnknownLookAlike, what: "Same answer, same work: one look-up by the hash of the whole token",
		elsewhere: []string{"internal/gateway TestUnknownAndWrongAreTheSameWork"},
	},
	{
		seenIn: "Go CVE-2025-22871, CVE-2026-39825", name: "chunks and parameters",
		what: "A bare line feed in a chunk's line is refused; more than 10,000 parameters are refused",
	},
	{
		seenIn: "Go CVE-2023-39325, CVE-2023-45288", name: "HTTP/2 floods find no HTTP/2",
		what: "HTTP/1.1 only: no streams to reset, no CONTINUATION frames",
	},
	{
		seenIn: "Go CVE-2026-56853, CVE-2026-32283", name: "stalled clients are cut off", run: slowClientsAreCutOff,
		what:      "Time-outs for handshake, head and body; bounded connections",
		elsewhere: []string{"internal/gateway TestTLSFlood", "internal/test/floods TestFloods"},
	},
	{
		seenIn: "Kong GHSA-3278", name: "the admin port holds no token", run: adminPortHoldsNoToken,
		what: "Metrics and probes know no token and no hash; there is no debug endpoint",
	},
}

var advisoryID = regexp.MustCompile(`CVE-\d+-\d+|GHSA-\d+|golang-\d+|[a-z0-9-]+#\d+`)

// TestAdvisories runs a test for each, with the advisories in its name.
func TestAdvisories(t *testing.T) {
	for _, a := range advisories {
		ids := advisoryID.FindAllString(a.seenIn, -1)
		t.Run(strings.Join(ids, " ")+" "+a.name, func(t *testing.T) {
			if a.run != nil {
				a.run(t)
				return
			}
			runCasesOf(t, ids)
		})
	}
}

// runCasesOf runs the cases of the corpora that are named after advisories; each of these must have one.
func runCasesOf(t *testing.T, ids []string) {
	t.Helper()
	w := newWorld(t)
	found := map[string]bool{}
	for _, file := range hostileFiles {
		for _, c := range load(t, file) {
			owed := false
			for _, id := range ids { // all of them: a case can be named after several
				if strings.Contains(c.Name, id) {
					owed, found[id] = true, true
				}
			}
			if !owed {
				continue
			}
			c.withDefaults(nil)
			c = c.replace(w.words...)
			if want, got := w.run(t, &c, fmt.Sprintf("case-%d", len(w.sent))); !same(&want, &got) {
				t.Errorf("%s: want %s, got %s", c.Name, w.shown(want.String()), w.shown(got.String()))
			}
		}
	}
	for _, id := range ids {
		if !found[id] {
			t.Errorf("no case is named after %s", id)
		}
	}
	w.checkLate(t)
	w.checkLogs(t)
}

// noProxyIsTrusted: a spoofed address is within no range, in none of the ways to write it.
func noProxyIsTrusted(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	tok := w.Issue(t, "alice", []string{"read"}, func(c *grant.Credential) {
		c.Grant.SourceRanges = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	})
	for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip", "Cf-Connecting-Ip", "X_Forwarded_For", "Client-Ip"} {
		for _, value := range []string{"203.0.113.7", "for=203.0.113.7", "127.0.0.1, 203.0.113.7", "::ffff:203.0.113.7"} {
			if a := w.do(t, "GET", "/rest/api/2/myself", tok, nil, name, value); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s: %s: %d", name, value, a.StatusCode)
			}
		}
	}
	if n := len(w.jira.Received()); n > 0 {
		t.Errorf("Jira received %d requests", n)
	}
}

// missingSecretIsClosed: an owner whose Jira token is not there is nobody to Jira, and nothing reaches it in his name, nor
// without one; with no usable key at all the same goes for everybody.
func missingSecretIsClosed(t *testing.T) {
	t.Helper()
	w := newWorld(t)
	carol := w.Issue(t, "carol", []string{"read"})
	if a := w.do(t, "GET", "/rest/api/2/myself", carol, nil); a.StatusCode != http.StatusBadGateway {
		t.Errorf("%d", a.StatusCode)
	}
	settings := gatewaytest.Options{
		JiraURL: w.jira.URL(), BaseURL: jiraBase, OwnerTokens: w.pats, Broken: true,
		Edit: func(c *gatewayconfig.Config) {
			c.Impersonation = gatewayconfig.Impersonation{
				ServiceAccount: &gatewayconfig.ServiceAccount{Username: "alice", SecretName: "missing"},
			}
		},
	}
	broken := &world{Gateway: gatewaytest.Start(t, settings), jira: w.jira}
	alice := broken.Issue(t, "alice", []string{"read"})
	if a := broken.do(t, "GET", "/rest/api/2/myself", alice, nil); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%d", a.StatusCode)
	}
	if n := len(w.jira.Received()); n > 0 {
		t.Errorf("Jira received %d requests", n)
	}
}

const tableBegin, tableEnd = "<!-- advisories: written by go test ./internal/test/hostile -run Table -update -->\n", "<!-- end of advisories -->"

// TestAdvisoryTable: the table of docs/security.md is that of the tests, and every test that it names is there.
func TestAdvisoryTable(t *testing.T) {
	const page = "../../../docs/security.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks of the table", page)
	}
	wanted := before + tableBegin + advisoryTable(t) + tableEnd + after
	if wanted == string(text) {
		return
	}
	if !*rewrite {
		t.Fatalf("the table of %s is not that of the tests: run this test with -update", page)
	}
	if err := os.WriteFile(page, []byte(wanted), 0o600); err != nil {
		t.Fatal(err)
	}
}

func advisoryTable(t *testing.T) string {
	t.Helper()
	var table strings.Builder
	table.WriteString("\n| Seen in | What the gateway does | Test |\n|---|---|---|\n")
	for _, a := range advisories {
		tests := []string{"`TestAdvisories`: " + a.name}
		for _, other := range a.elsewhere {
			folder, name, _ := strings.Cut(other, " ")
			if !hasTest(t, folder, name) {
				t.Errorf("there is no %s in %s", name, folder)
			}
			tests = append(tests, "`"+name+"` ("+folder+")")
		}
		fmt.Fprintf(&table, "| %s | %s | %s |\n", a.seenIn, a.what, strings.Join(tests, ", "))
	}
	return table.String() + "\n"
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "..", folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), "\nfunc "+name+"(")
	})
}
