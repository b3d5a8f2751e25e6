// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// BuildInfo is the metric that says which version of a program (manager, gateway) runs.
func BuildInfo(program string) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "jiratokens_" + program + "_build_info",
		Help:        "Always 1; the labels say which version runs.",
		ConstLabels: prometheus.Labels{"version": Version(), "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}
