// SPDX-License-Identifier: Apache-2.0

// Package jira is a client for what the operator itself asks Jira Data Center's REST API: who is in a group, and whom a
// user name means. Jira has no way to look up several names at once: the members of a group come 50 a page, a user by
// name one at a time.
//
// An answer counts only if Jira itself gave it to the right user: a wrong credential can silently become an anonymous
// one, and something in front of Jira may say "not found" about everything.
package jira

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// defaultTimeout bounds one request with its answer. A page of a group takes Jira well below a second.
	defaultTimeout = 20 * time.Second
	// maxAnswerBytes bounds what is read of an answer, after decompression. A page of 50 users has some 50 KiB.
	maxAnswerBytes = 4 << 20

	maxHeaderBytes = 64 << 10
	userAgent      = "jira-token-operator"
)

// Options say which Jira a Client speaks to, and as whom.
type Options struct {
	// URL is where Jira is, with its context path and without a slash at the end.
	URL string
	// BaseURL is what Jira believes its own address to be: its host is sent as Host. Empty: URL.
	BaseURL string
	// Roots are who may vouch for Jira's certificate; nil: whom the system trusts.
	Roots *x509.CertPool
	// Certificate is shown to a Jira that asks for one; nil: there is none.
	Certificate *tls.Certificate
	// Credential shows Jira who asks.
	Credential Credential
	// Timeout bounds one request with its answer; 0: 20 seconds.
	Timeout time.Duration
}

// Client asks Jira. It may be used from several goroutines.
type Client struct {
	url        string
	host       string
	credential Credential
	timeout    time.Duration
	http       *http.Client
}

// New makes a Client. Close it after use.
func New(o Options) (*Client, error) {
	base, err := url.Parse(o.BaseURL)
	if o.BaseURL == "" {
		base, err = url.Parse(o.URL)
	}
	if err != nil || base.Host == "" {
		return nil, errors.New("jira's address is no URL with a host")
	}
	if o.Credential == nil {
		return nil, errors.New("there is no credential for Jira")
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	return &Client{
		url: strings.TrimSuffix(o.URL, "/"), host: base.Host, credential: o.Credential, timeout: o.Timeout,
		http: &http.Client{
			Transport: newTransport(&o),
			// A redirect would carry the credential elsewhere; that it was sent is an answer as well.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// As asks as somebody else over the same connections.
func (c *Client) As(credential Credential) *Client {
	other := *c
	other.credential = credential
	return &other
}

// Close lets go of idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// newTransport uses no proxy from the environment, as the gateway does not: both must reach the same Jira.
func newTransport(o *Options) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true) // what Tomcat speaks by default
	secure := &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12}
	if certificate := o.Certificate; certificate != nil {
		secure.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:        secure,
		TLSHandshakeTimeout:    10 * time.Second,
		IdleConnTimeout:        15 * time.Second, // below Tomcat's 20
		MaxIdleConnsPerHost:    8,
		MaxResponseHeaderBytes: maxHeaderBytes,
		Protocols:              protocols,
	}
}

// get asks for one resource and decodes the answer. What is not there is a NotFoundError about the given thing.
func (c *Client) get(ctx context.Context, resource string, query url.Values, thing string, into any) error {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request, err := c.request(limited, resource, query)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return unanswered(ctx, err, c.timeout)
	}
	defer response.Body.Close()
	if err := c.judge(response); err != nil {
		return err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return unanswered(ctx, err, c.timeout)
	case len(body) > maxAnswerBytes:
		return &UnavailableError{Why: fmt.Sprintf("Jira's answer has more than %d MiB", maxAnswerBytes>>20)}
	case response.StatusCode == http.StatusNotFound:
		return notFound(body, thing)
	}
	if err := json.Unmarshal(body, into); err != nil { // without the decoder's words, which may repeat a part of it
		return &UnavailableError{Why: "Jira's answer is not the JSON that was asked for"}
	}
	return nil
}

func (c *Client) request(ctx context.Context, resource string, query url.Values) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+resource+"?"+query.Encode(), http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make a request for %s: %w", resource, err)
	}
	request.Host = c.host
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", userAgent)
	if err := c.credential.sign(request); err != nil {
		return nil, err
	}
	return request, nil
}

// notFound believes a 404 only in Jira's own words: a wrong address is answered with one as well, and a group that
// seems to be gone takes away tokens.
func notFound(body []byte, thing string) error {
	var said struct {
		ErrorMessages []string `json:"errorMessages"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.ErrorMessages) == 0 {
		return &UnavailableError{Why: "there is no REST API of Jira at this address (status 404); is the context path right?"}
	}
	return &NotFoundError{Thing: thing}
}
