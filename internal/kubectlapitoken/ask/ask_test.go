// SPDX-License-Identifier: Apache-2.0

package ask_test

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/ask"
)

func TestConfirm(t *testing.T) {
	for name, c := range map[string]struct {
		terminal bool
		yes      bool
		answer   string
		says     string // empty: goes on
	}{
		"yes":                  {true, false, "y\n", ""},
		"in full, in capitals": {true, false, "YES\n", ""},
		"no":                   {true, false, "n\n", "nothing was created"},
		"something else":       {true, false, "yes, please\n", "nothing was created"},
		"just return":          {true, false, "\n", "nothing was created"},
		"end of input":         {true, false, "", "nothing was created"},
		"no terminal":          {false, false, "y\n", "--yes is needed"},
		"no terminal, --yes":   {false, true, "", ""},
	} {
		var errOut bytes.Buffer
		streams := genericiooptions.IOStreams{In: strings.NewReader(c.answer), ErrOut: &errOut}
		asker := &ask.Asker{Streams: streams, Yes: c.yes, Terminal: func() bool { return c.terminal }}
		err := asker.Confirm("Approve this?", "nothing was created")
		if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: have %v, want %q", name, err, c.says)
		}
		if asked := errOut.String() == "Approve this? [y/N] "; asked != c.terminal {
			t.Errorf("%s: asked %q", name, errOut.String())
		}
	}
}
