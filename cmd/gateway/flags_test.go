// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

// Each mistake gets one sentence that names the flag.
func TestBadFlags(t *testing.T) {
	good := []string{"--namespace=jira-gateway", "--policy=jira"}
	for args, want := range map[string]string{
		"":                                    "--namespace is needed",
		"--namespace=a":                       "--policy is needed",
		"--namespace=A --policy=jira":         `--namespace is "A"`,
		"--namespace=a --policy=ji_ra":        `--policy is "ji_ra"`,
		"--policy=" + strings.Repeat("a", 64): "--policy is",
		"--config-secret=/etc":                `--config-secret is "/etc"`,
		"--listen=8080":                       `--listen is "8080"`,
		"--admin-listen=nowhere":              `--admin-listen is "nowhere"`,
		"--drain-delay=5":                     `"--drain-delay"`,
		"--drain-delay=-5s":                   "--drain-delay is -5s",
		"--shutdown-timeout=-1s":              "--shutdown-timeout is",
		"--startup-timeout=-1s":               "--startup-timeout is",
		"--log-level=loud":                    `--log-level is "loud"`,
		"--log-format=xml":                    `--log-format is "xml"`,
		"--listenn=:1":                        "--listenn",
		"serve":                               `unexpected argument "serve"`,
	} {
		list := strings.Fields(args)
		if len(list) > 0 && !strings.Contains(args, "--namespace") {
			list = append(append([]string{}, good...), list...)
		}
		var out, logs bytes.Buffer
		err := run(t.Context(), list, &out, &logs)
		if !errors.Is(err, cli.ErrUsage) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s\ngot  %v\nwant %s", args, err, want)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	for flag, want := range map[string]string{"--help": "--snapshot-dir", "--version": cli.Version()} {
		var out, logs bytes.Buffer
		if err := run(t.Context(), []string{flag}, &out, &logs); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: error %v, output %s", flag, err, out.String())
		}
	}
}

// The manager's Deployment does not name the configuration Secret: both sides make the same name of the policy's.
func TestConfigSecretName(t *testing.T) {
	o, err := parseFlags([]string{"--namespace=a", "--policy=jira"}, &bytes.Buffer{})
	if err != nil || o.configSecret != resources.ConfigName("jira") {
		t.Errorf("error %v, name %q, the manager says %q", err, o.configSecret, resources.ConfigName("jira"))
	}
}
