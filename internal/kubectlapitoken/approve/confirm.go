// SPDX-License-Identifier: Apache-2.0

package approve

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

func isTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// confirm asks whoever sits at the terminal, unless nothing is created or --yes was given. Only y and yes mean yes.
func (c *command) confirm() error {
	if c.yes || c.dryRun != dryRunNone {
		return nil
	}
	if !c.asks() {
		return usage.Errorf("--yes is needed where there is no terminal to ask on")
	}
	verb := "Approve"
	if c.decision == v1alpha1.DecisionDeny {
		verb = "Deny"
	}
	if _, err := fmt.Fprintf(c.streams.ErrOut, "%s this? [y/N] ", verb); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(c.streams.In, 64)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read your answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was created, as you did not say yes")
}
