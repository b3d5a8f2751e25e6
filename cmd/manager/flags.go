// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/pflag"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/jiratokens/jira-token-operator/internal/audittrail"
	"github.com/jiratokens/jira-token-operator/internal/cli"
)

// The environment variables that --gateway-image and --gateway-image-pull-policy default to: a Deployment can copy its own
// image into them. A manager that is older than what deploys it takes no notice of a variable, and would not start for a flag.
const (
	envGatewayImage      = "GATEWAY_IMAGE"
	envGatewayPullPolicy = "GATEWAY_IMAGE_PULL_POLICY"
)

type options struct {
	gatewayImage            string
	gatewayPullPolicy       string
	namespace               string
	namespaces              namespaceOptions
	metricsAddress          string
	probeAddress            string
	webhook                 webhookOptions
	leaderElect             bool
	maxConcurrentReconciles int
	qps                     float32
	burst                   int
	activity                activityOptions
	auditLog                string
	log                     cli.Log
	showVersion             bool
}

func parseFlags(args []string, out io.Writer) (*options, error) {
	o := &options{}
	fs := cli.NewFlagSet("manager", intro, out)
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
	fs.StringVar(&o.gatewayImage, "gateway-image", os.Getenv(envGatewayImage),
		"image of the gateways' pods; default: the environment variable "+envGatewayImage)
	fs.StringVar(&o.gatewayPullPolicy, "gateway-image-pull-policy", os.Getenv(envGatewayPullPolicy),
		"when nodes pull that image: Always, IfNotPresent or Never; default: the environment variable "+envGatewayPullPolicy+
			", or else Kubernetes decides by the tag")
	fs.StringVar(&o.namespace, "namespace", "",
		"namespace of the manager's Lease, keys and certificates; default: the pod's own (outside a cluster it must be given)")
	o.namespaces.addFlags(fs)
	fs.StringVar(&o.metricsAddress, "metrics-bind-address", ":8080",
		"address of the Prometheus metrics, at /metrics over plain HTTP; 0 turns them off")
	fs.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081",
		"address of /healthz and /readyz; 0 turns them off")
	o.webhook.addFlags(fs)
	fs.BoolVar(&o.leaderElect, "leader-elect", false,
		"let one of several managers work at a time, by a Lease; needed with more than one replica")
	fs.IntVar(&o.maxConcurrentReconciles, "max-concurrent-reconciles", 8,
		"how many ApiTokens are worked on at once")
	fs.Float32Var(&o.qps, "kube-api-qps", 500,
		"requests to the Kubernetes API in a second, on average")
	fs.IntVar(&o.burst, "kube-api-burst", 1000,
		"requests to the Kubernetes API at once")
	o.activity.addFlags(fs)
	fs.StringVar(&o.auditLog, "audit-log", audittrail.Stdout,
		"file that the audit trail is appended to: who asked for what, what was decided and done; - is the standard output")
	o.log.AddFlags(fs)
	fs.BoolVar(&o.showVersion, "version", false, "print the version and exit")

	goFlags := flag.NewFlagSet("", flag.ContinueOnError)
	ctrlconfig.RegisterFlags(goFlags) // --kubeconfig
	fs.AddGoFlagSet(goFlags)
	if kubeconfig := fs.Lookup("kubeconfig"); kubeconfig != nil {
		kubeconfig.Usage = "kubeconfig file; default: $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config"
	}
}

func (o *options) validate() error {
	switch {
	case o.showVersion:
		return nil
	case o.gatewayImage == "":
		return fmt.Errorf("--gateway-image (or %s) is needed: the image of the gateways' pods", envGatewayImage)
	case !slices.Contains([]string{"", "Always", "IfNotPresent", "Never"}, o.gatewayPullPolicy):
		return fmt.Errorf("--gateway-image-pull-policy (or %s) is %q; Always, IfNotPresent or Never is needed",
			envGatewayPullPolicy, o.gatewayPullPolicy)
	case o.maxConcurrentReconciles < 1:
		return fmt.Errorf("--max-concurrent-reconciles is %d; at least 1 is needed", o.maxConcurrentReconciles)
	case o.auditLog == "":
		return errors.New("--audit-log is empty; a file, or - for the standard output, is needed")
	case o.qps <= 0 || o.burst < 1:
		return errors.New("--kube-api-qps and --kube-api-burst must be above 0")
	}
	return errors.Join(o.namespaces.validate(), o.webhook.validate(), o.activity.validate())
}

const intro = `The manager of jira-token-operator decides which ApiTokens are permitted, issues and
revokes their credentials, and deploys the gateway of each TokenPolicy.

Usage:
  manager --gateway-image=<image> [flags]`
