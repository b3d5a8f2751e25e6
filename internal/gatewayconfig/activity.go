// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"fmt"
	"net/url"
	"slices"

	"github.com/jiratokens/jira-token-operator/internal/precision"
)

// Activity has the gateway report what the tokens are used for.
type Activity struct {
	// URL is where the manager takes reports, over HTTPS.
	URL string `json:"url"`
	// CA are the authorities of its certificate, in PEM.
	CA string `json:"ca"`
	// Times, Addresses and UserAgents are those of package precision.
	Times      string `json:"times"`
	Addresses  string `json:"addresses"`
	UserAgents string `json:"userAgents"`
}

func (a *Activity) validate() error {
	if a == nil {
		return nil
	}
	if u, err := url.Parse(a.URL); err != nil || u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("gateway configuration has activity.url %q; an https URL is needed", a.URL)
	}
	if !slices.Contains([]string{precision.Minute, precision.Hour, precision.Day}, a.Times) {
		return fmt.Errorf("gateway configuration has activity.times %q; known are Minute, Hour and Day", a.Times)
	}
	known := []string{precision.None, precision.Prefix, precision.Full}
	if !slices.Contains(known, a.Addresses) || !slices.Contains(known, a.UserAgents) {
		return fmt.Errorf("gateway configuration has activity.addresses %q and activity.userAgents %q; known are None, Prefix and Full",
			a.Addresses, a.UserAgents)
	}
	return nil
}
