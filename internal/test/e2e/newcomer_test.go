// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// newcomer types what a page says into a terminal, and keeps a log of it.
type newcomer struct {
	*testing.T

	folder string
	port   string // of this machine, in place of 8080
	log    string // file
	ran    int    // blocks of commands
}

// save saves a file as an editor would.
func (n *newcomer) save(name, text string) {
	n.Helper()
	must(n.T, os.WriteFile(filepath.Join(n.folder, name), []byte(text), 0o600))
	n.write(fmt.Sprintf("# saved as %s\n%s\n", name, indent("> ", text)))
}

// run runs a block of commands and returns what it printed. What it leaves in the background ends with the test.
func (n *newcomer) run(section, commands string) string {
	n.Helper()
	out, err := os.CreateTemp(n.TempDir(), "out")
	must(n.T, err)
	defer out.Close()
	command := exec.CommandContext(n.Context(), "bash", "-euo", "pipefail", "-c", commands)
	command.Dir, command.Stdout, command.Stderr = n.folder, out, out
	command.Env = append(os.Environ(), "PATH="+set.helm+string(os.PathListSeparator)+os.Getenv("PATH"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	begin := time.Now()
	err = command.Run()
	n.Cleanup(func() { _ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	printed, readErr := os.ReadFile(out.Name())
	must(n.T, readErr)
	n.ran++
	shown, outcome := string(printed), "done"
	if shown != "" && !strings.HasSuffix(shown, "\n") {
		shown += "\n"
	}
	if err != nil {
		outcome = err.Error()
	}
	n.write(fmt.Sprintf("# %s\n%s%s# %s in %s\n\n", section, indent("$ ", commands), shown, outcome, since(begin)))
	if err != nil {
		n.Fatalf("%s: %v\n%s\n%s", section, err, commands, n.withoutTokens(string(printed)))
	}
	return string(printed)
}

// write adds to the log, which must not have a token in it.
func (n *newcomer) write(text string) {
	n.Helper()
	file, err := os.OpenFile(n.log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(n.T, err)
	defer file.Close()
	_, err = file.WriteString(n.withoutTokens(text))
	must(n.T, err)
}

var anyToken = regexp.MustCompile(token.Pattern)

// withoutTokens hides tokens, and fails the test if there was one: no command of the page prints any.
func (n *newcomer) withoutTokens(text string) string {
	n.Helper()
	clean := anyToken.ReplaceAllString(text, "<token>")
	for user, personal := range personalTokens {
		clean = strings.ReplaceAll(clean, personal, "<token of "+user+"'s in Jira>")
	}
	if clean != text {
		n.Errorf("a token was printed: %s", clean)
	}
	return clean
}

func indent(with, text string) string {
	return with + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+with) + "\n"
}
