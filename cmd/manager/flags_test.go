// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/internal/cli"
)

func TestFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string // in the error; empty: none
	}{
		"image":                  {[]string{"--gateway-image=x"}, ""},
		"no image":               {nil, "--gateway-image (or GATEWAY_IMAGE) is needed"},
		"unknown flag":           {[]string{"--gateway-imag=x"}, "unknown flag: --gateway-imag"},
		"pull policy":            {[]string{"--gateway-image=x", "--gateway-image-pull-policy=Never"}, ""},
		"pull policy unknown":    {[]string{"--gateway-image=x", "--gateway-image-pull-policy=never"}, `is "never"; Always, IfNotPresent or Never`},
		"stray argument":         {[]string{"--gateway-image=x", "leader-elect"}, `unexpected argument "leader-elect"`},
		"no workers":             {[]string{"--gateway-image=x", "--max-concurrent-reconciles=0"}, "at least 1"},
		"no requests":            {[]string{"--gateway-image=x", "--kube-api-qps=0"}, "above 0"},
		"negative writes":        {[]string{"--gateway-image=x", "--activity-writes-per-second=-1"}, "--activity-writes-per-second is -1; 0 to"},
		"activity over HTTP":     {[]string{"--gateway-image=x", "--activity-url=http://192.0.2.7"}, "--activity-url is \"http://192.0.2.7\""},
		"activity's port":        {[]string{"--gateway-image=x", "--activity-bind-address=9444"}, "--activity-bind-address:"},
		"no activity":            {[]string{"--gateway-image=x", "--activity-writes-per-second=0"}, ""},
		"webhook":                {[]string{"--gateway-image=x", "--webhook-url=https://192.0.2.7:9443", "--webhook-bind-address=0.0.0.0:9443"}, ""},
		"webhook over HTTP":      {[]string{"--gateway-image=x", "--webhook-url=http://192.0.2.7:9443"}, "https://host:port is needed"},
		"webhook with path":      {[]string{"--gateway-image=x", "--webhook-url=https://192.0.2.7:9443/x"}, "https://host:port is needed"},
		"webhook with query":     {[]string{"--gateway-image=x", "--webhook-url=https://192.0.2.7/?a=b"}, "https://host:port is needed"},
		"webhook's port missing": {[]string{"--gateway-image=x", "--webhook-bind-address=0.0.0.0"}, "--webhook-bind-address:"},
		"webhook's port unknown": {[]string{"--gateway-image=x", "--webhook-bind-address=:0"}, "no port from 1 to 65535"},
		"long drain":             {[]string{"--gateway-image=x", "--drain-delay=1m"}, "0s to 20s is needed"},
		"namespaces":             {[]string{"--gateway-image=x", "--watch-namespaces=jira-gateway,dev"}, ""},
		"all namespaces":         {[]string{"--gateway-image=x", "--watch-namespaces="}, ""},
		"namespace unnamed":      {[]string{"--gateway-image=x", "--watch-namespaces=dev,,ci"}, `--watch-namespaces has ""`},
		"namespace impossible":   {[]string{"--gateway-image=x", "--watch-namespaces=dev,team/ci"}, `--watch-namespaces has "team/ci"`},
		"namespace twice":        {[]string{"--gateway-image=x", "--watch-namespaces=dev", "--watch-namespaces=dev"}, `has "dev" twice`},
		"certificate":            {[]string{"--gateway-image=x", "--certificate-dir=/certificate"}, ""},
		"version needs no image": {[]string{"--version"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(envGatewayImage, "")
			t.Setenv(envGatewayPullPolicy, "")
			var out bytes.Buffer
			_, err := parseFlags(c.args, &out)
			if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
				t.Errorf("want %q, have %v", c.want, err)
			}
		})
	}
}

func TestImageFromTheEnvironment(t *testing.T) {
	t.Setenv(envGatewayImage, "from-environment")
	t.Setenv(envGatewayPullPolicy, "Always")
	o, err := parseFlags([]string{"--kubeconfig=/x"}, &bytes.Buffer{})
	if err != nil || o.gatewayImage != "from-environment" || o.gatewayPullPolicy != "Always" {
		t.Errorf("have %+v, %v", o, err)
	}
}

func TestHelpAndVersion(t *testing.T) {
	for flag, wants := range map[string][]string{
		"--help":    {"Usage:", "--gateway-image", "--kubeconfig", "--namespace", "--webhook-url", "--kube-api-burst"},
		"--version": {cli.Version()},
	} {
		var out bytes.Buffer
		if err := run(t.Context(), []string{flag}, &out); err != nil {
			t.Errorf("%s: %v", flag, err)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s lacks %q:\n%s", flag, want, out.String())
			}
		}
	}
	if err := run(t.Context(), []string{"--gateway-image=x", "--log-level=loud"}, &bytes.Buffer{}); !errors.Is(err, cli.ErrUsage) {
		t.Errorf("have %v", err)
	}
}
