// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
)

// Settings are a configuration with everything that it names looked up and parsed. They never change; Configure puts
// others in their place.
type Settings struct {
	warnings []string

	target      *url.URL // of Jira's socket
	host        string   // what Jira believes to be
	scheme      string
	contextPath string // empty, or begins with a slash and ends without
	baseURL     string
	publicURL   string

	trusted      []netip.Prefix
	deny         denySet
	maxStaleness time.Duration

	impersonator    impersonate.Impersonator
	identityHeaders []string // folded names that impersonation uses

	roots        *x509.CertPool // nil: the system's
	transportKey string         // equal keys can share connections
	transport    *http.Transport
}

// Compile makes settings of a configuration and the labelled Secrets of the gateway's namespace. Its errors name Secret
// and key, and never repeat contents. What is wrong with a single owner's token is a warning: it must not take Jira from
// all the others.
func Compile(cfg *gatewayconfig.Config, secrets []SecretObject) (*Settings, error) {
	s := &Settings{
		trusted: unmapped(cfg.TrustedProxies), deny: newDenySet(&cfg.Deny), maxStaleness: cfg.MaxStaleness.Duration,
		baseURL: cfg.Jira.BaseURL, publicURL: cfg.Jira.PublicURL,
	}
	store := newSecretStore(cfg.Policy.Name, secrets)
	if err := s.compileURLs(&cfg.Jira); err != nil {
		return nil, err
	}
	if err := s.compileCABundle(store, &cfg.Jira); err != nil {
		return nil, err
	}
	if err := s.compileImpersonation(store, cfg); err != nil {
		return nil, err
	}
	s.warnings = store.warnings
	return s, nil
}

// Warnings are what an administrator should look at, although the gateway can work with it.
func (s *Settings) Warnings() []string { return s.warnings }

func (s *Settings) compileURLs(jira *gatewayconfig.Jira) error {
	target, err := parseJiraURL("jira.url", jira.URL)
	if err != nil {
		return err
	}
	base, err := parseJiraURL("jira.baseURL", jira.BaseURL)
	if err != nil {
		return err
	}
	public, err := parseJiraURL("jira.publicURL", jira.PublicURL)
	if err != nil {
		return err
	}
	if base.Path != target.Path || public.Path != target.Path {
		return fmt.Errorf("jira.url, jira.baseURL and jira.publicURL have the paths %q, %q and %q; they must be the same",
			target.Path, base.Path, public.Path)
	}
	s.target = &url.URL{Scheme: target.Scheme, Host: target.Host}
	s.host, s.scheme, s.contextPath = base.Host, base.Scheme, target.Path
	return nil
}

// parseJiraURL is stricter than net/url: the context path is compared with raw bytes.
func parseJiraURL(what, raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%s must be an http or https URL", what)
	case u.User != nil, u.RawQuery != "", u.Fragment != "", u.ForceQuery:
		return nil, fmt.Errorf("%s must have no user, query or fragment", what)
	case strings.HasSuffix(u.Path, "/"), strings.ContainsAny(raw, "%;\\"), strings.Contains(u.Path, "//"):
		return nil, fmt.Errorf("%s must have a plain path without a slash at its end, such as /jira", what)
	}
	return u, nil
}

func unmapped(prefixes []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(prefixes))
	for _, prefix := range prefixes {
		if address := prefix.Addr(); address.Is4In6() && prefix.Bits() >= 96 {
			prefix = netip.PrefixFrom(address.Unmap(), prefix.Bits()-96)
		}
		out = append(out, prefix.Masked())
	}
	return out
}
