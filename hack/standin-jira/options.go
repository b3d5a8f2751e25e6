// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

const usage = `standin-jira: a stand-in Jira Data Center for tests and demos.

It answers a part of Jira's REST API in Jira's shapes, and enforces what Jira enforces: Basic, its own personal access
tokens, sessions, OAuth 1.0a with impersonation, a trusted header, permissions, XSRF checks, Tomcat's path rules and
header limit. All of it lives in memory. Users, tokens, projects and issues come from --data:

  {"users":    [{"name": "alice", "password": "…", "groups": ["developers"], "permissions": ["browse", "edit"],
                 "pats": [{"name": "laptop", "token": "…", "expires": "2027-01-31T00:00:00Z"}]}],
   "groups":   [{"name": "everyone", "subgroups": ["developers"]}],
   "projects": [{"key": "DEMO", "name": "Demo", "public": false}],
   "issues":   [{"key": "DEMO-1", "summary": "…", "description": "…", "reporter": "alice",
                 "attachments": [{"name": "big.bin", "size": 1073741824}]}]}

GET <context path>/_received answers what it has received, as JSON, credentials included: for tests, never for a network
that others share. DELETE there forgets it.

Flags:
`

type options struct {
	listen, contextPath, baseURL, data  string
	consumerKey, publicKeyFile          string
	headerName, secretName, secretsFile string
}

func parseOptions(args []string, out io.Writer) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("standin-jira", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8090", "`address` to listen on; port 0 picks a free one")
	flags.StringVar(&o.contextPath, "context-path", "", "`path` that Jira lives under, such as /jira; empty: the root")
	flags.StringVar(&o.baseURL, "base-url", "",
		"`URL` that Jira believes to be its own, for links, Location and OAuth signatures (default: the socket's)")
	flags.StringVar(&o.data, "data", "", "JSON `file` of users, groups, projects and issues (default: none)")
	flags.StringVar(&o.consumerKey, "oauth-consumer-key", "",
		"consumer `key` of an incoming application link with impersonation")
	flags.StringVar(&o.publicKeyFile, "oauth-public-key", "",
		"PEM `file` with that consumer's RSA public key, or a certificate of it")
	flags.StringVar(&o.headerName, "trusted-header", "", "`name` of the header that says who the user is")
	flags.StringVar(&o.secretName, "trusted-header-secret-header", "",
		"`name` of the header that carries the shared secret; without the secret the trusted header is ignored")
	flags.StringVar(&o.secretsFile, "trusted-header-secret-file", "",
		"`file` with the shared secret; white space around it is cut off")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: everything is a flag", flags.Arg(0))
	}
	if err := o.validate(); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *options) validate() error {
	if (o.consumerKey == "") != (o.publicKeyFile == "") {
		return errors.New("--oauth-consumer-key and --oauth-public-key go together")
	}
	given := 0
	for _, value := range []string{o.headerName, o.secretName, o.secretsFile} {
		if value != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		return errors.New("--trusted-header, --trusted-header-secret-header and --trusted-header-secret-file go together")
	}
	return o.config().Validate()
}

func (o *options) config() jiratest.Config {
	return jiratest.Config{ContextPath: o.contextPath, BaseURL: o.baseURL}
}

// jira is the server with all that files and flags say.
func (o *options) jira() (*jiratest.Server, error) {
	jira := jiratest.New(o.config())
	if o.data != "" {
		if err := load(jira, o.data); err != nil {
			return nil, err
		}
	}
	if o.consumerKey != "" {
		key, err := readPublicKey(o.publicKeyFile)
		if err != nil {
			return nil, err
		}
		jira.SetOAuthConsumer(o.consumerKey, key)
	}
	if o.headerName != "" {
		secret, err := os.ReadFile(o.secretsFile)
		if err != nil {
			return nil, err
		}
		if strings.TrimSpace(string(secret)) == "" {
			return nil, fmt.Errorf("%s: holds no secret", o.secretsFile)
		}
		jira.SetTrustedHeader(o.headerName, o.secretName, strings.TrimSpace(string(secret)))
	}
	return jira, nil
}

// readPublicKey takes what openssl writes: PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE.
func readPublicKey(path string) (*rsa.PublicKey, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s: not PEM", path)
	}
	var key any
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var certificate *x509.Certificate
		if certificate, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = certificate.PublicKey
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if key, ok := key.(*rsa.PublicKey); ok {
		return key, nil
	}
	return nil, fmt.Errorf("%s: must hold an RSA public key or a certificate of one, not %s", path, block.Type)
}
