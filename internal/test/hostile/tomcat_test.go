// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/scope"
	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

const tomcatPAT = "the-token-of-alice"

// TestTomcatServesWhatWasAuthorised sends the targets of all cases through the gateway to a real Tomcat: whatever gets there
// is served by the path that was authorised.
func TestTomcatServesWhatWasAuthorised(t *testing.T) {
	address := startTomcat(t)
	g := gatewaytest.Start(t, gatewaytest.Options{
		JiraURL: "http://" + address + "/jira", BaseURL: jiraBase, OwnerTokens: map[string]string{"alice": tomcatPAT},
	})
	tok := g.Issue(t, "alice", []string{"read", "write", "admin"})
	targets := allTargets(t)
	served, surprises := 0, 0
	for _, target := range targets {
		status, body := get(t, g.Address, target, tok)
		if strings.HasPrefix(body, "400 Bad Request") { // by the server, before there was a request to account for
			continue
		}
		audit := g.TakeAudit(t, 1)
		if status != http.StatusOK || audit[0].Reason != "allowed" {
			continue
		}
		served++
		if problem := servedAs(target, body, audit[0].Operation); problem != "" {
			surprises++
			t.Errorf("%s: %s", target, problem)
		}
	}
	summary := fmt.Sprintf("tomcat: %d cases, %d surprises, %d let through and served", len(targets), surprises, served)
	t.Log(summary)
	writeTable(t, summary+"\n")
	if len(targets) < enough || served < enough/2 {
		t.Errorf("%d targets, %d served: too few to mean anything", len(targets), served)
	}
}

// TestTomcatIsFooledWithoutTheGateway shows that the tricks are tricks: without the gateway Tomcat takes them for other paths
// than they begin with.
func TestTomcatIsFooledWithoutTheGateway(t *testing.T) {
	address := startTomcat(t)
	for target, want := range map[string]string{
		"/jira/rest/..;/secure/Dashboard.jspa":             "action\n/secure/Dashboard.jspa",
		"/jira/rest/api/2/%2e%2e/%2e%2e/pat/latest/tokens": "rest\n/rest/pat/latest/tokens",
		"/jira/rest/;x=1/api//2/./myself":                  "rest\n/rest/api/2/myself",
		"/jira/%72est/pat/latest/tokens":                   "rest\n/rest/pat/latest/tokens",
	} {
		if _, body := get(t, address, target, "none"); body != want {
			t.Errorf("%s: %q", target, body)
		}
	}
}

// servedAs compares what Tomcat served with what the gateway authorised: its path, decoded once, segment by segment.
func servedAs(target, body, operation string) (problem string) {
	servlet, path, _ := strings.Cut(body, "\n")
	raw, query, _ := strings.Cut(target, "?")
	var authorised []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(raw, "/jira/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return err.Error()
		}
		authorised = append(authorised, decoded)
	}
	got := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if !slices.Equal(authorised, got) {
		return fmt.Sprintf("authorised %q, served %q", authorised, got)
	}
	if last := len(got) - 1; got[last] == "" {
		got = got[:last]
	}
	if o := scope.Classify(http.MethodGet, got, query); o.Name != operation || o.Access != scope.Scoped {
		return fmt.Sprintf("authorised as %q, served is %q", operation, o.Name)
	}
	if servlet == "action" || (servlet == "rest") != (got[0] == "rest") {
		return "served by the servlet " + servlet
	}
	return ""
}

// allTargets are the targets of all cases, once each.
func allTargets(t *testing.T) []string {
	t.Helper()
	var targets []string
	for _, file := range []string{"paths.yaml", "reach.yaml", "honest.yaml"} {
		for _, c := range load(t, file) {
			c.withDefaults(nil)
			if c.Raw == "" && c.Method != http.MethodConnect && !strings.Contains(c.Target, "{{") {
				targets = append(targets, c.Target)
			}
		}
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}

func get(t *testing.T, address, target, tok string) (status int, body string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(answerPatience))
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", target, tok)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return answer.StatusCode, string(text)
}

// startTomcat runs testdata/Echo.java until the test ends. TOMCAT_HOME is what hack/tomcat.sh prints.
func startTomcat(t *testing.T) (address string) {
	t.Helper()
	home := tomcatHome()
	if _, err := exec.LookPath("javac"); home == "" || err != nil {
		t.Skip("no Tomcat, or no JDK to run it with: set CATALINA_HOME, or run make test-hostile, which unpacks Debian's")
	}
	java := exec.CommandContext(t.Context(), "java", "-Xmx128m", "-XX:TieredStopAtLevel=1",
		"-cp", filepath.Join(home, "lib", "*")+":"+filepath.Join(home, "bin", "*"),
		filepath.Join("testdata", "Echo.java"), "Bearer "+tomcatPAT, t.TempDir())
	input, err := java.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := java.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	java.Stderr = t.Output()
	if err := java.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_ = java.Wait()
	})
	port, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("Tomcat did not start: %v", err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

func tomcatHome() string {
	for _, home := range []string{os.Getenv("TOMCAT_HOME"), os.Getenv("CATALINA_HOME"), "/usr/share/tomcat10"} {
		if found, _ := filepath.Glob(filepath.Join(home, "lib", "*.jar")); home != "" && len(found) > 0 {
			return home
		}
	}
	return ""
}
