// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/scope"
)

// Settings are a configuration with everything that it names looked up and parsed. They never change; Configure puts
// others in their place.
type Settings struct {
	warnings []string

	policyUID types.UID

	target      *url.URL // of Jira's socket
	host        string   // what Jira believes to be
	scheme      string
	contextPath string // empty, or begins with a slash and ends without
	baseURL     string
	publicURL   string
	links       *linkRewriter // nil: links in answers are left as they are

	tls           *clientTLS // nil: clients speak plain HTTP
	trusted       []netip.Prefix
	addressHeader string // canonical, in which trusted proxies say whom they speak for
	deny          denySet
	scopes        *scope.Classifier // nil: it could not be made
	personal      *personalPolicy   // nil: nothing personal passes
	maxStaleness  time.Duration
	replicas      int32      // that share each rate limit
	store         *rateStore // nil: each replica counts its share
	maxInFlight   int        // this replica's share; 0: any number
	audit         auditSettings
	activity      *activitySettings // nil: the use of tokens is not reported
	// perTokenMetrics has requests counted for each token as well.
	perTokenMetrics bool

	impersonation   gatewayconfig.Impersonation // what impersonator was made of
	impersonator    impersonate.Impersonator    // nil: it could not be made
	accessTokens    *accessTokenSource          // nil: impersonation needs none
	identityHeaders []string                    // folded names that impersonation uses
	identitySecrets identitySecrets

	upstream  upstreamTLS
	transport *http.Transport
	affinity  *affinityJar // nil: none is wanted
}

// Compile makes settings of a configuration and the labelled Secrets of the gateway's namespace. Its errors name Secret
// and key, and never repeat contents. What is wrong with a single owner's token is a warning: it must not take Jira from
// all the others.
//
// Beside an error about a Secret there are settings all the same, for a deny list must not wait for a key: Configure
// takes what they lack from the settings before, or they refuse with 503 whatever they would let through. There are none
// if a URL can't be used, which the policy's schema sees to.
func Compile(cfg *gatewayconfig.Config, secrets []gatewayconfig.Secret) (*Settings, error) {
	s := &Settings{
		trusted: unmapped(cfg.TrustedProxies), deny: newDenySet(&cfg.Deny), maxStaleness: cfg.MaxStaleness.Duration,
		baseURL: cfg.Jira.BaseURL, publicURL: cfg.Jira.PublicURL,
		replicas: cfg.Replicas, policyUID: cfg.Policy.UID, impersonation: cfg.Impersonation,
		addressHeader: http.CanonicalHeaderKey(cmp.Or(cfg.ClientAddressHeader, defaultAddressHeader)),
		personal:      newPersonalPolicy(cfg), audit: compileAudit(cfg.Audit), affinity: newAffinityJar(cfg.AffinityCookies),
	}
	s.perTokenMetrics = cfg.PerTokenMetrics
	s.maxInFlight = int(grant.ShareOf(cfg.MaxInFlight, cfg.Replicas))
	store := newSecretStore(cfg.Policy.Name, secrets)
	if err := s.compileURLs(&cfg.Jira); err != nil {
		return nil, err
	}
	err := errors.Join(s.compileScopes(cfg.Scopes), s.compileUpstreamTLS(store, &cfg.Jira),
		s.compileImpersonation(store, cfg), s.compileTLS(store, cfg.TLS), s.compileStore(store, cfg))
	s.warnings = store.warnings
	s.compileLinks(cfg)
	s.compileActivity(cfg.Activity)
	return s, err
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

// compileLinks warns where clients that follow links would call Jira itself, and a side door could do something about it.
func (s *Settings) compileLinks(cfg *gatewayconfig.Config) {
	switch {
	case cfg.RewriteLinks:
		s.links = newLinkRewriter(s.baseURL, s.publicURL)
	case s.baseURL != s.publicURL:
		s.warnings = append(s.warnings, "spec.jira.baseURL is not publicURL: clients that follow links in Jira's answers (self) "+
			"call Jira itself; spec.gateway.rewriteLinks: true makes these links lead through the gateway")
	}
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
