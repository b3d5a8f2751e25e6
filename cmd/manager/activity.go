// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"

	"github.com/spf13/pflag"

	"github.com/jiratokens/jira-token-operator/controllers/setup"
)

// maxActivityWrites is more than an API server takes.
const maxActivityWrites = 10_000

type activityOptions struct {
	writes       float64
	address, url string
}

func (o *activityOptions) addFlags(fs *pflag.FlagSet) {
	fs.Float64Var(&o.writes, "activity-writes-per-second", 10,
		"writes to the Kubernetes API about the use of tokens in a second, on average, for each replica of the manager: with many "+
			"tokens it bounds how far behind their status is; 0: gateways report nothing")
	fs.StringVar(&o.address, "activity-bind-address", ":9444",
		"address where gateways report the use of tokens, over HTTPS, with the webhook's certificate")
	fs.StringVar(&o.url, "activity-url", "",
		"where gateways reach that of a manager outside the cluster, such as https://192.0.2.7:9444; default: through the Service "+
			setup.WebhookService)
}

func (o *activityOptions) validate() error {
	if o.writes < 0 || o.writes > maxActivityWrites || math.IsNaN(o.writes) {
		return fmt.Errorf("--activity-writes-per-second is %v; 0 to %d is needed", o.writes, maxActivityWrites)
	}
	if _, _, err := setup.SplitAddress(o.address); err != nil {
		return fmt.Errorf("--activity-bind-address: %w", err)
	}
	_, err := hostOf("--activity-url", o.url)
	return err
}
