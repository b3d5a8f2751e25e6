// SPDX-License-Identifier: Apache-2.0

// Package act is what the commands share that do something with several tokens (Command), and go on where it fails with one
// (OnEach).
package act

import (
	"context"
	"fmt"
	"io"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/show"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// OnEach does something with each token. One failure is the error; of several tokens, errOut has each failure, and the
// exit code is Incomplete if it was done with some.
func OnEach(ctx context.Context, list []*v1alpha1.ApiToken, errOut io.Writer, do func(*v1alpha1.ApiToken) error) error {
	var last error
	failed := 0
	for i, t := range list {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("stopped after %d of %s: %w", i, show.Count(len(list), "token"), err)
		}
		if err := do(t); err != nil {
			failed, last = failed+1, err
			if len(list) > 1 {
				fmt.Fprintf(errOut, "error: %s\n", oneline.Printable(err.Error()))
			}
		}
	}
	switch {
	case failed == 0:
		return nil
	case len(list) == 1:
		return last
	case failed == len(list):
		code, _ := exit.CodeOf(last)
		return exit.Errorf(max(code, exit.Failed), "it failed with all of %s", show.Count(failed, "token"))
	}
	return exit.Errorf(exit.Incomplete, "it failed with %d of %s", failed, show.Count(len(list), "token"))
}
