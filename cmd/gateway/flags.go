// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/util/validation"
)

// buildVersion is set with -ldflags '-X main.buildVersion=v1.2.3'.
var buildVersion string

var errUsage = errors.New("wrong usage")

type options struct {
	namespace       string
	policy          string
	configSecret    string
	listen          string
	adminListen     string
	snapshotDir     string
	startupTimeout  time.Duration
	drainDelay      time.Duration
	shutdownTimeout time.Duration
	kubeconfig      string
	logLevel        string
	logFormat       string
	showVersion     bool
}

func parseFlags(args []string, out io.Writer) (*options, error) {
	o := &options{}
	fs := pflag.NewFlagSet("gateway", pflag.ContinueOnError)
	fs.SetOutput(out)
	fs.SortFlags = false
	fs.Usage = func() { usage(fs, out) }
	o.addFlags(fs)
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
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
	fs.DurationVar(&o.startupTimeout, "startup-timeout", 5*time.Second,
		"how long the Kubernetes API is given at start before the snapshot is used")
	fs.DurationVar(&o.drainDelay, "drain-delay", 5*time.Second,
		"after SIGTERM, how long to be unready and still take requests, until load balancers know")
	fs.DurationVar(&o.shutdownTimeout, "shutdown-timeout", 30*time.Second,
		"after that, how long requests in flight may take to finish")
	fs.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; default: the pod's ServiceAccount")
	fs.StringVar(&o.logLevel, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&o.logFormat, "log-format", "json", "json or text")
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

func usage(fs *pflag.FlagSet, out io.Writer) {
	_, _ = fmt.Fprintf(out, `The gateway of jira-token-operator: a reverse proxy in front of one Jira. It lets requests through
that carry a token of ours, as the token's owner and within the token's limits, and follows its
TokenPolicy while it runs. One JSON audit line a request goes to stdout, logs to stderr.

Usage:
  gateway --namespace=<namespace> --policy=<name> [flags]

Flags:
%s
`, fs.FlagUsagesWrapped(100))
}

// version is the release, or else the commit that the binary was built from.
func version() string {
	if buildVersion != "" {
		return buildVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return info.Main.Version
}
