// SPDX-License-Identifier: Apache-2.0

// Package floods lets slowhttptest loose on a gateway in a process of its own, whose memory is watched.
package floods

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/test/gatewaytest"
)

const (
	jiraBase = "https://jira.example/jira"
	// The gateway's own time-out for heads; for bodies, and between requests, some that need not be waited for so long.
	bodyIdle = 5 * time.Second
	idle     = 10 * time.Second

	envJira, envPATs = "FLOODS_JIRA", "FLOODS_PATS"
)

// TestGatewayProcess is the gateway, if TestFloods starts it: it prints its address and a token of each owner, and goes when
// its input ends.
func TestGatewayProcess(t *testing.T) {
	url := os.Getenv(envJira)
	if url == "" {
		t.Skip("TestFloods runs this in a process of its own")
	}
	pats := map[string]string{}
	for pair := range strings.SplitSeq(os.Getenv(envPATs), ",") {
		owner, pat, _ := strings.Cut(pair, "=")
		pats[owner] = pat
	}
	g := gatewaytest.Start(t, gatewaytest.Options{JiraURL: url, BaseURL: jiraBase, OwnerTokens: pats, BodyIdleTimeout: bodyIdle, IdleTimeout: idle})
	fmt.Println("gateway", g.Address, g.Issue(t, "alice", []string{"read", "write"}), g.Issue(t, "bob", []string{"read", "write"}))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// process is a gateway that runs.
type process struct {
	pid                 int
	address, alice, bob string
}

func startGateway(t *testing.T, jiraURL, pats string) *process {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestGatewayProcess$")
	command.Env = append(os.Environ(), envJira+"="+jiraURL, envPATs+"="+pats)
	command.Stderr = t.Output()
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close()
		_, _ = io.Copy(io.Discard, output)
		_ = command.Wait()
	})
	line, err := bufio.NewReader(output).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) != 4 || words[0] != "gateway" {
		t.Fatalf("the gateway did not start: %q %v", line, err)
	}
	return &process{pid: command.Process.Pid, address: words[1], alice: words[2], bob: words[3]}
}

// connections are those of clients that the process has open.
func (p *process) connections(t *testing.T) (open int) {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := strings.Cut(p.address, ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	local := fmt.Sprintf("0100007F:%04X", number)
	for line := range strings.Lines(string(table)) {
		const established, closeWait = "01", "08"
		if f := strings.Fields(line); f[1] == local && (f[3] == established || f[3] == closeWait) {
			open++
		}
	}
	return open
}

// memory is what the process has in memory now, in MiB.
func (p *process) memory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib / 1024
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
