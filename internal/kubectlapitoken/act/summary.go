// SPDX-License-Identifier: Apache-2.0

package act

import (
	"fmt"
	"io"
	"time"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/oneline"
)

// mostShown tokens are listed before the question; of the others there is the number.
const mostShown = 20

// Summarise lists the tokens that something is about to be done with.
func Summarise(targets []*v1alpha1.ApiToken, errOut io.Writer, now time.Time) error {
	table := printers.GetNewTabWriter(errOut)
	fmt.Fprintln(table, "TOKEN\tOWNER\tSTATE\tCREDENTIAL\tDESCRIPTION")
	for _, t := range targets[:min(len(targets), mostShown)] {
		credential := "-"
		if t.Status.Credential != nil {
			credential = t.Status.Credential.ID
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", tokens.Name(t), oneline.Printable(string(t.Spec.Owner)),
			tokens.StateOf(t, now), credential, oneline.Printable(t.Spec.Description))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if more := len(targets) - mostShown; more > 0 {
		fmt.Fprintf(errOut, "… and %d more\n", more)
	}
	return nil
}
