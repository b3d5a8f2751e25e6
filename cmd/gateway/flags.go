// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/jiratokens/jira-token-operator/internal/activity"
	"github.com/jiratokens/jira-token-operator/internal/cli"
)

type options struct {
	namespace       string
	policy          string
	configSecret    string
	listen          string
	adminListen     string
	snapshotDir     string
	activityToken   string
	startupTimeout  time.Duration
	drainDelay      time.Duration
	shutdownTimeout time.Duration
	kubeconfig      string
	log             cli.Log
	showVersion     bool
}

func parseFlags(args []string, out io.Writer) (*options, error) {
	o := &options{}
	fs := cli.NewFlagSet("gateway", intro, out)
	o.addFlags(fs)
	if err := cli.Parse(fs, args); err != nil {
		return nil, err
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *options) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&o.namespace, "namespace", "", "namespace of the policy and of all Secrets that the gateway reads")
	fs.StringVar(&o.policy, "policy", "", "name of the TokenPolicy")
	fs.StringVar(&o.configSecret, "config-secret", "",
		"name of the Secret with the compiled configuration; default: <policy>-gateway-config")
	fs.StringVar(&o.listen, "listen", ":8080", "address for clients")
	fs.StringVar(&o.adminListen, "admin-listen", ":8081", "address of /metrics, /healthz and /readyz")
	fs.StringVar(&o.snapshotDir, "snapshot-dir", "",
		"directory on memory-backed storage for a snapshot to restart from without the Kubernetes API; default: none")
	fs.StringVar(&o.activityToken, "activity-token-file", "",
		"file with a ServiceAccount token for the audience "+activity.Audience+", with which the use of tokens is reported to the "+
			"manager if the configuration says so; default: it is not reported")
	fs.DurationVar(&o.startupTimeout, "startup-timeout", 5*time.Second,
		"how long the Kubernetes API is given at start before the snapshot is used")
	fs.DurationVar(&o.drainDelay, "drain-delay", 5*time.Second,
		"after SIGTERM, how long to be unready and still take requests, until load balancers know")
	fs.DurationVar(&o.shutdownTimeout, "shutdown-timeout", 30*time.Second,
		"after that, how long requests in flight may take to finish")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; default: the pod's ServiceAccount")
	o.log.AddFlags(fs)
	fs.BoolVar(&o.showVersion, "version", false, "print the version and exit")
}

func (o *options) validate() error {
	if o.showVersion {
		return nil
	}
	if err := checkName("--namespace", o.namespace, validation.IsDNS1123Label); err != nil {
		return err
	}
	// The policy's name is the value of a label as well, which is the narrower of the two.
	if err := checkName("--policy", o.policy, validation.IsDNS1123Subdomain, validation.IsValidLabelValue); err != nil {
		return err
	}
	if o.configSecret == "" {
		o.configSecret = o.policy + "-gateway-config"
	}
	if err := checkName("--config-secret", o.configSecret, validation.IsDNS1123Subdomain); err != nil {
		return err
	}
	return errors.Join(
		checkAddress("--listen", o.listen), checkAddress("--admin-listen", o.adminListen),
		checkDuration("--startup-timeout", o.startupTimeout), checkDuration("--drain-delay", o.drainDelay),
		checkDuration("--shutdown-timeout", o.shutdownTimeout),
	)
}

func checkName(flag, value string, checks ...func(string) []string) error {
	if value == "" {
		return fmt.Errorf("%s is needed", flag)
	}
	for _, check := range checks {
		if problems := check(value); len(problems) > 0 {
			return fmt.Errorf("%s is %q: %s", flag, value, strings.Join(problems, "; "))
		}
	}
	return nil
}

func checkAddress(flag, value string) error {
	if _, _, err := net.SplitHostPort(value); err != nil {
		return fmt.Errorf("%s is %q; a host and a port such as :8080 or 127.0.0.1:8080 are needed", flag, value)
	}
	return nil
}

func checkDuration(flag string, value time.Duration) error {
	if value < 0 {
		return fmt.Errorf("%s is %s; it can't be negative", flag, value)
	}
	return nil
}

const intro = `The gateway of jira-token-operator: a reverse proxy in front of one Jira. It lets requests through
that carry a token of ours, as the token's owner and within the token's limits, and follows its
TokenPolicy while it runs. One JSON audit line a request goes to stdout, logs to stderr.

Usage:
  gateway --namespace=<namespace> --policy=<name> [flags]`
