// SPDX-License-Identifier: Apache-2.0

// Package ask asks the person at the terminal: whether to go on, and for a token.
package ask

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

// maxAnswer bounds what is read of an answer or a token, in bytes.
const maxAnswer = 64 << 10

// Asker asks on standard error and reads standard input.
type Asker struct {
	Streams genericiooptions.IOStreams
	// Yes is --yes: nobody is asked.
	Yes bool
	// Terminal tells whether there is a person to ask.
	Terminal func() bool
}

// New makes an asker.
func New(streams genericiooptions.IOStreams) *Asker {
	return &Asker{Streams: streams, Terminal: func() bool { return isTerminal(streams.In) }}
}

func isTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Confirm asks a question, unless --yes was given. Only y and yes mean yes; after anything else, nothing says what was not
// done.
func (a *Asker) Confirm(question, nothing string) error {
	if a.Yes {
		return nil
	}
	if !a.Terminal() {
		return usage.Errorf("--yes is needed where there is no terminal to ask on")
	}
	if _, err := fmt.Fprintf(a.Streams.ErrOut, "%s [y/N] ", question); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(a.Streams.In, 64)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read your answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("%s, as you did not say yes", nothing)
}

// Token reads a token from standard input: the whole of it, or a line of the terminal, which does not show it. White space
// around it is no part of it.
func (a *Asker) Token() (string, error) {
	if file, ok := a.Streams.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		fmt.Fprint(a.Streams.ErrOut, "Token (it is not shown): ")
		text, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(a.Streams.ErrOut)
		if err != nil {
			return "", fmt.Errorf("read the token from the terminal: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	text, err := io.ReadAll(io.LimitReader(a.Streams.In, maxAnswer+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the token from standard input: %w", err)
	case len(text) > maxAnswer:
		return "", usage.Errorf("standard input is longer than %d bytes: give nothing but the token", maxAnswer)
	case strings.TrimSpace(string(text)) == "":
		return "", usage.Errorf("standard input is empty: give the token, as in printf %%s \"$TOKEN\" | kubectl apitoken …")
	}
	return strings.TrimSpace(string(text)), nil
}
