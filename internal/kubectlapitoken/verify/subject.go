// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"net"
	"net/url"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/cluster"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/exit"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// subject is a token to try, and where.
type subject struct {
	token token.Token
	owner string // empty: not known
	url   *url.URL
}

func (c *command) subject(ctx context.Context) (*subject, error) {
	s := &subject{owner: c.owner}
	var plaintext string
	var err error
	address := c.url
	switch {
	case c.secret != "":
		var data map[string][]byte
		if data, err = c.readSecret(ctx); err != nil {
			return nil, err
		}
		plaintext = string(data["token"])
		if s.owner == "" {
			s.owner = string(data["username"])
		}
		if address == "" && c.policy == "" {
			address = string(data["uri"])
		}
	default:
		if plaintext, err = c.ask.Token(); err != nil {
			return nil, err
		}
	}
	if s.token, err = token.Parse(plaintext); err != nil {
		return nil, exit.Errorf(exit.Refused, "%s: %w", c.source(), err)
	}
	if c.offline {
		return s, nil
	}
	if c.policy != "" {
		if address, err = c.publicURL(ctx); err != nil {
			return nil, err
		}
	}
	s.url, err = c.parseURL(address)
	return s, err
}

func (c *command) source() string {
	if c.secret != "" {
		return "the key token of Secret " + c.secret
	}
	return "standard input"
}

func (c *command) readSecret(ctx context.Context) (map[string][]byte, error) {
	namespace, _, err := c.cluster.Namespace()
	if err != nil {
		return nil, err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return nil, err
	}
	var secret corev1.Secret
	if err := api.Get(ctx, client.ObjectKey{Namespace: namespace, Name: c.secret}, &secret); err != nil {
		return nil, cluster.Explain(err, "read Secret "+namespace+"/"+c.secret,
			cluster.Right{Verb: "get", Resource: "secrets", Namespace: namespace})
	}
	if len(secret.Data["token"]) == 0 {
		return nil, exit.Errorf(exit.NotFound, "Secret %s/%s has no key token: is it the Secret of an ApiToken?", namespace, c.secret)
	}
	return secret.Data, nil
}

func (c *command) publicURL(ctx context.Context) (string, error) {
	name, err := usage.PolicyName(c.policy)
	if err != nil {
		return "", err
	}
	api, err := c.cluster.Client()
	if err != nil {
		return "", err
	}
	var policy v1alpha1.TokenPolicy
	if err := api.Get(ctx, name, &policy); err != nil {
		return "", cluster.Explain(err, "read the policy "+name.String()+" (--url needs none)",
			cluster.Right{Verb: "get", Resource: "tokenpolicies", Namespace: name.Namespace})
	}
	return string(policy.Spec.Jira.PublicURL), nil
}

// parseURL also says where a token would go over the network for everybody to read.
func (c *command) parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, usage.Errorf("--url is %q; the gateway's with Jira's context path is needed, such as https://jira.example/jira",
			text)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		_, _ = c.streams.ErrOut.Write([]byte("Warning: " + u.Scheme + "://" + u.Host +
			" is not encrypted: others on the network can read the token.\n"))
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}
