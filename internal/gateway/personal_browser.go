// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// madeByPage tells whether a request looks as if a page of this Jira had made it, or a person at the address bar. Pages of
// others can't look so; scripts can, if they mean to.
func (p *personalPolicy) madeByPage(method string, header http.Header) bool {
	origin, site := header["Origin"], header["Sec-Fetch-Site"]
	if len(origin) > 1 || len(site) > 1 || len(origin) == 1 && !slices.Contains(p.origins, originOf(origin[0])) {
		return false
	}
	if len(site) == 1 { // browsers send it over https, and pages can't change it
		typedIn := site[0] == "none" && (method == http.MethodGet || method == http.MethodHead)
		return site[0] == "same-origin" || typedIn
	}
	return len(origin) == 1 || strings.EqualFold(header.Get("X-Requested-With"), "XMLHttpRequest")
}

// originOf returns scheme, host and port in lower case, without the port that goes without saying; empty: there is none.
func originOf(address string) string {
	u, err := url.Parse(strings.ToLower(address))
	if err != nil || u.Host == "" {
		return "none"
	}
	host := u.Host
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
