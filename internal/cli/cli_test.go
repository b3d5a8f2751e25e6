// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/cli"
)

func TestLogs(t *testing.T) {
	open := func(args ...string) (*bytes.Buffer, error) {
		var out bytes.Buffer
		var flags cli.Log
		fs := cli.NewFlagSet("x", "intro", &out)
		flags.AddFlags(fs)
		if err := cli.Parse(fs, args); err != nil {
			return &out, err
		}
		log, err := flags.Open(&out)
		log.V(1).Info("hidden")
		log.Info("seen", "a", 1)
		return &out, err
	}
	out, err := open()
	var line map[string]any
	if err != nil || json.Unmarshal(out.Bytes(), &line) != nil || line["msg"] != "seen" || line["a"] != 1.0 {
		t.Errorf("have %s (%v)", out, err)
	}
	if out, err := open("--log-format=text", "--log-level=debug"); err != nil || !strings.Contains(out.String(), "msg=hidden") {
		t.Errorf("have %s (%v)", out, err)
	}
	for _, bad := range []string{"--log-format=xml", "--log-level=loud"} {
		if _, err := open(bad); !errors.Is(err, cli.ErrUsage) || !strings.Contains(err.Error(), "is needed") {
			t.Errorf("%s: have %v", bad, err)
		}
	}
	if _, err := open("left", "over"); err == nil || !strings.Contains(err.Error(), `"left"`) {
		t.Errorf("have %v", err)
	}
}
