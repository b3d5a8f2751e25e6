// SPDX-License-Identifier: Apache-2.0

package personal

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"
)

// The forms of output.
const (
	outputTable = "table"
	outputJSON  = "json"
	outputYAML  = "yaml"
)

func (c *command) print(f *Found) error {
	var encoded []byte
	var err error
	switch c.output {
	case outputJSON:
		encoded, err = json.MarshalIndent(f, "", "    ")
		encoded = append(encoded, '\n')
	case outputYAML:
		encoded, err = yaml.Marshal(f)
	default:
		return printTable(c.streams.Out, f)
	}
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	_, err = c.streams.Out.Write(encoded)
	return err
}

// printTable writes what was counted, and what it lacks. User agents are chosen by strangers, who must not write to the
// reader's terminal.
func printTable(out io.Writer, f *Found) error {
	var text strings.Builder
	if len(f.Entries) > 0 {
		table := printers.GetNewTabWriter(&text)
		fmt.Fprintln(table, "CLASS\tOUTCOME\tUSER\tCLIENT\tPATH\tCOUNT\tLAST SEEN")
		for i := range f.Entries {
			e := &f.Entries[i]
			user := e.User
			if user == "" {
				user = "-"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", e.Class, e.Outcome, user, e.Client, e.Path, e.Count,
				e.LastSeen.UTC().Format(time.RFC3339))
		}
		_ = table.Flush() // into memory
		fmt.Fprintln(&text)
	} else {
		fmt.Fprint(&text, "Nothing of this kind was seen.\n\n")
	}
	for _, missing := range f.Missing {
		fmt.Fprintf(&text, "Note: pod %s is not in it: %s.\n", missing.Pod, strings.TrimSuffix(missing.Why, "."))
	}
	fmt.Fprintf(&text, "%s of policy %s, since %s.\n", gateways(f), f.Policy, f.Since.UTC().Format(time.RFC3339))
	return printers.WriteEscaped(out, text.String())
}

func gateways(f *Found) string {
	all := f.Gateways + len(f.Missing)
	if all == 1 {
		return "Counted by 1 gateway"
	}
	return fmt.Sprintf("Counted by %d of %d gateways", f.Gateways, all)
}
