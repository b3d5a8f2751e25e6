// SPDX-License-Identifier: Apache-2.0

package floods

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const (
	connections = 1000
	// mostMemory is how much the gateway may grow by, in MiB, at that many connections.
	mostMemory = 128
	large      = 8 << 20
	// toolPatience is when the tool gives up. It ends before that when the gateway has closed everything.
	toolPatience = 60 * time.Second
)

// TestFloods: a thousand slow connections of one client, who has a token. The gateway's memory stays bounded, others are
// served while it lasts, and every connection is closed at the time-outs, before the tool gives up.
func TestFloods(t *testing.T) {
	tool := os.Getenv("SLOWHTTPTEST")
	if tool == "" {
		t.Skip("no slowhttptest: run make test-floods, which unpacks Debian's")
	}
	jira := jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: jiraBase, KeepReceived: 1 << 16})
	pats := ""
	for _, name := range []string{"alice", "bob"} {
		jira.AddUser(jiratest.User{Name: name, Password: "pw-" + name, Permissions: jiratest.Browse | jiratest.Edit})
		pats += "," + name + "=" + jira.AddPAT(name)
	}
	jira.AddProject(jiratest.Project{Key: "DEMO"})
	jira.AddIssue(jiratest.Issue{Key: "DEMO", Summary: "first"})
	id := jira.AddAttachment(jiratest.Attachment{Issue: "DEMO-1", Name: "large.bin", Size: large, Author: "alice"})
	gateway := startGateway(t, jira.URL(), strings.TrimPrefix(pats, ","))
	base := "http://" + gateway.address + "/jira"
	// slowhttptest has no option for a header of one's own, and writes Accept, and the URL, as they are.
	withToken := "application/json\r\nAuthorization: Bearer " + gateway.alice
	for _, mode := range []struct {
		name    string
		reaches bool // Jira, as the requests have a token and a whole head
		args    []string
	}{
		{"slow heads", false, []string{"-H", "-x", "24", "-u", base + "/rest/api/2/myself"}},
		{"slow bodies", true, []string{"-B", "-s", "8192", "-x", "10", "-f", "application/json", "-m", withToken, "-u", base + "/rest/api/2/search"}},
		{"slow forms", false, []string{"-B", "-s", "8192", "-x", "10", "-m", withToken, "-u", base + "/rest/api/2/issue/DEMO-1/comment"}},
		{"slow bodies without a token", false, []string{"-B", "-s", "8192", "-x", "10", "-u", base + "/rest/api/2/search"}},
		{"slow readers", true, []string{
			"-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-u",
			fmt.Sprintf("%s/secure/attachment/%d/large.bin HTTP/1.1\r\nAuthorization: Bearer %s\r\nX-Rest:", base, id, gateway.alice),
		}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			jira.Reset()
			flood(t, gateway, tool, mode.args)
			reached := 0
			for _, received := range jira.Received() {
				if received.User == "alice" {
					reached++
				}
			}
			t.Logf("%d requests of the flood reached Jira", reached)
			if (reached > 0) != mode.reaches {
				t.Error("that is not what this flood is about")
			}
		})
	}
}

// figures are what a flood did.
type figures struct {
	served, failed      int
	slowest             time.Duration
	open, memory        int // at most
	closed              time.Duration
	openBefore, atStart int // connections, and MiB
}

// flood runs the tool until the gateway has closed its connections; the tool must not be the one who gives up.
func flood(t *testing.T, gateway *process, tool string, args []string) {
	t.Helper()
	args = append([]string{"-c", strconv.Itoa(connections), "-r", "500", "-i", "2", "-l", strconv.Itoa(int(toolPatience.Seconds())), "-p", "5"}, args...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := figures{openBefore: gateway.connections(t), atStart: gateway.memory(t)}
	command := exec.CommandContext(ctx, tool, args...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	f.watch(t, gateway, ended)
	t.Logf("%d connections, at most %d at once, closed after %s; others: %d served, %d not, slowest %s; memory: %d MiB before, at most %d",
		connections, f.open, f.closed.Round(time.Second), f.served, f.failed, f.slowest.Round(time.Millisecond), f.atStart, f.memory)
	if f.closed == 0 {
		t.Errorf("%d connections are open still", gateway.connections(t))
	}
	if f.memory-f.atStart > mostMemory {
		t.Errorf("the gateway grew from %d MiB to %d", f.atStart, f.memory)
	}
}

// watch makes honest requests until the flood has come and gone.
func (f *figures) watch(t *testing.T, gateway *process, ended <-chan error) {
	t.Helper()
	began := time.Now()
	for over := false; ; {
		took, err := ask(t, gateway)
		if err != nil {
			f.failed++
			t.Errorf("an honest request after %s: %v", time.Since(began), err)
		} else {
			f.served++
		}
		now := gateway.connections(t)
		f.slowest, f.memory, f.open = max(f.slowest, took), max(f.memory, gateway.memory(t)), max(f.open, now)
		came, gone := f.open > f.openBefore+connections/20, now <= f.openBefore+1 // the tool's own probe is one
		if gone && (came || over) && time.Since(began) < toolPatience {
			f.closed = time.Since(began)
		}
		if f.closed > 0 || over {
			return
		}
		select {
		case err := <-ended:
			over = true
			t.Logf("the tool ended: %v", err) // its exit code tells nothing
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ask is an honest request of another owner's, on a connection of its own.
func ask(t *testing.T, gateway *process) (time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+gateway.address+"/jira/rest/api/2/myself", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	r.Header.Set("Authorization", "Bearer "+gateway.bob)
	began := time.Now()
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return time.Since(began), err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return time.Since(began), fmt.Errorf("status %d", answer.StatusCode)
	}
	return time.Since(began), nil
}
