// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

const (
	defaultMaxHeaderBytes   = 8192 // maxHttpHeaderSize in the server.xml that Jira ships
	defaultMaxLoginFailures = 3    // Jira's default before it asks for a CAPTCHA
	defaultKeepReceived     = 1000
)

// Config says what kind of Jira this is. Its zero value is a Jira at the root of its socket on the wall clock.
type Config struct {
	// ContextPath is where Jira lives below its host: empty, or "/jira". It starts with a slash and does not end in one.
	ContextPath string
	// BaseURL is what Jira believes its own address to be: self links, Location and OAuth signatures use it. Its path must
	// be ContextPath. Empty: the socket's own URL when started by Start, http://localhost otherwise.
	BaseURL string
	// Certificate makes Start serve HTTPS; nil: plain HTTP.
	Certificate *tls.Certificate
	// ClientCAs, with Certificate, end the connections of clients without a certificate of theirs. Nil: none is asked for.
	ClientCAs *x509.CertPool
	// Now is the clock for OAuth timestamps and token expiry. Nil: time.Now.
	Now func() time.Time
	// MaxHeaderBytes bounds request line and headers together. Zero: 8192, as in Jira's server.xml.
	MaxHeaderBytes int
	// MaxLoginFailures is how many wrong passwords in a row bring up the CAPTCHA, which refuses even the right password
	// with 403. Zero: 3, Jira's default. Negative: never.
	MaxLoginFailures int
	// KeepReceived bounds how many requests Received remembers; older ones go first. Zero: 1000.
	KeepReceived int
}

// Validate returns an error that says what would be right, or nil.
func (c Config) Validate() error {
	if c.ContextPath != "" && (!strings.HasPrefix(c.ContextPath, "/") || strings.HasSuffix(c.ContextPath, "/")) {
		return fmt.Errorf("context path %q: must be empty, or start with a slash and not end in one", c.ContextPath)
	}
	if c.BaseURL == "" {
		return nil
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("base URL %q: must be an absolute http or https URL", c.BaseURL)
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("base URL: must have no query, fragment or user")
	}
	if u.Path != c.ContextPath {
		return fmt.Errorf("base URL %q: its path must be the context path %q", c.BaseURL, c.ContextPath)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.BaseURL == "" {
		c.BaseURL = "http://localhost" + c.ContextPath
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxHeaderBytes == 0 {
		c.MaxHeaderBytes = defaultMaxHeaderBytes
	}
	if c.MaxLoginFailures == 0 {
		c.MaxLoginFailures = defaultMaxLoginFailures
	}
	if c.KeepReceived == 0 {
		c.KeepReceived = defaultKeepReceived
	}
	return c
}
