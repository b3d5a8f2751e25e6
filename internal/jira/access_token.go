// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	tokenPath = "/rest/oauth2/latest/token"
	// maxTokenLifetime bounds how long an access token is believed to live, whatever Jira says. Its own is an hour or two.
	maxTokenLifetime = 24 * time.Hour
	// maxTokenBytes leaves room for other headers: Tomcat takes 8 KiB by default.
	maxTokenBytes = 4096
)

// ClientCredentials are what a service account of Jira Data Center 10.3 and later gets access tokens for.
type ClientCredentials struct {
	ID, Secret string
	// Scope is READ or WRITE.
	Scope string
}

// AccessToken is what Jira gave for ClientCredentials.
type AccessToken struct {
	Value    string
	Lifetime time.Duration // from when it was asked for
}

// AccessToken fetches an access token over the client's connections.
func (c *Client) AccessToken(ctx context.Context, credentials ClientCredentials) (AccessToken, error) {
	return FetchAccessToken(ctx, c.http.Transport, c.url, c.host, credentials)
}

// FetchAccessToken asks the Jira at address, as host, for an access token (RFC 6749, section 4.4). Its errors are
// RefusedError, UnavailableError, or that of the context, and never repeat anything secret.
func FetchAccessToken(
	ctx context.Context, transport http.RoundTripper, address, host string, credentials ClientCredentials,
) (AccessToken, error) {
	limited, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	config := clientcredentials.Config{
		ClientID: credentials.ID, ClientSecret: credentials.Secret, Scopes: []string{credentials.Scope},
		TokenURL:  strings.TrimSuffix(address, "/") + tokenPath,
		AuthStyle: oauth2.AuthStyleInParams, // guessing would show the secret twice
	}
	found, err := config.Token(context.WithValue(limited, oauth2.HTTPClient, &http.Client{
		Transport: asHost{next: transport, host: host},
		// A redirect would carry the secret elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}))
	if err != nil {
		return AccessToken{}, noToken(ctx, err)
	}
	// The library tells the time itself; a difference is as good as what Jira said. Without expires_in it is long negative.
	lifetime := time.Until(found.Expiry).Round(time.Second)
	switch {
	case len(found.AccessToken) > maxTokenBytes:
		return AccessToken{}, &UnavailableError{Why: fmt.Sprintf("Jira's access token has more than %d characters", maxTokenBytes)}
	case strings.ContainsFunc(found.AccessToken, func(c rune) bool { return c <= ' ' || c > '~' }):
		return AccessToken{}, &UnavailableError{Why: "Jira's access token has characters that no header can carry"}
	case !strings.EqualFold(found.TokenType, "Bearer"):
		return AccessToken{}, &UnavailableError{Why: "Jira's access token is not of the type Bearer"}
	case lifetime <= 0:
		return AccessToken{}, &UnavailableError{Why: "Jira did not say when its access token expires (expires_in)"}
	}
	return AccessToken{Value: found.AccessToken, Lifetime: min(lifetime, maxTokenLifetime)}, nil
}

// asHost sends what Jira believes its own host to be, as with all other requests.
type asHost struct {
	next http.RoundTripper
	host string
}

// RoundTrip implements http.RoundTripper.
func (a asHost) RoundTrip(r *http.Request) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Host = a.host
	out.Header.Set("Accept", "application/json")
	out.Header.Set("User-Agent", userAgent)
	return a.next.RoundTrip(out)
}

// tokenErrors are the error codes of RFC 6749, section 5.2: only they are repeated.
var tokenErrors = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
}

// noToken says why there is no token. The library's own words hold the answer's body.
func noToken(ctx context.Context, err error) error {
	answered, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			return unanswered(ctx, failed, defaultTimeout)
		}
		if ended := ctx.Err(); ended != nil {
			return fmt.Errorf("ask Jira: %w", ended)
		}
		return &UnavailableError{Why: "Jira's answer is not the access token that was asked for"}
	}
	status := answered.Response.StatusCode
	said := fmt.Sprintf("(status %d)", status)
	known := slices.Contains(tokenErrors, answered.ErrorCode)
	if known {
		said = fmt.Sprintf("(status %d, %s)", status, answered.ErrorCode)
	}
	switch {
	case status >= 300 && status < 400:
		return redirected(answered.Response)
	case status == http.StatusNotFound:
		return &UnavailableError{Why: "Jira has no " + tokenPath + " (status 404): that takes Jira Data Center 10.3 or later; is " +
			"the context path right?"}
	case status == http.StatusTooManyRequests, status >= 500:
		return &UnavailableError{
			Why:        "Jira gave no access token " + said,
			Everywhere: status == http.StatusTooManyRequests, RetryAfter: retryAfter(answered.Response.Header),
		}
	case answered.ErrorCode == "invalid_scope":
		return &RefusedError{
			Why: "Jira did not give the scope for the client_id " + said + ": allow it in Jira, or ask for another", Everywhere: true,
		}
	case known, status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusBadRequest:
		return &RefusedError{Why: "Jira did not accept client_id and client_secret " + said, Everywhere: true}
	}
	return &UnavailableError{Why: "Jira gave no access token " + said}
}
