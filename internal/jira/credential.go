// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/impersonate"
	"github.com/jiratokens/jira-token-operator/internal/jirasecret"
)

// Credential shows Jira who asks.
type Credential interface {
	// sign puts the credential into a request.
	sign(request *http.Request) error
	// user is the name of the user that Jira must take the request for; empty: it is not known.
	user() string
}

// PersonalAccessToken is a Jira personal access token. Whose it is, only Jira knows.
func PersonalAccessToken(token string) (Credential, error) {
	if err := jirasecret.Check(token); err != nil {
		return nil, fmt.Errorf("the personal access token %w", err)
	}
	return personalAccessToken(token), nil
}

type personalAccessToken string

func (t personalAccessToken) sign(request *http.Request) error {
	request.Header.Set("Authorization", "Bearer "+string(t))
	return nil
}

func (personalAccessToken) user() string { return "" }

// Password is a user name with its password.
func Password(username, password string) (Credential, error) {
	if err := jirasecret.Check(username); err != nil {
		return nil, fmt.Errorf("the user name %w", err)
	}
	if strings.Contains(username, ":") {
		return nil, errors.New("the user name has a colon in it, which Basic authentication can't carry")
	}
	if err := jirasecret.Check(password); err != nil {
		return nil, fmt.Errorf("the password %w", err)
	}
	return &basic{username: username, password: password}, nil
}

type basic struct{ username, password string }

func (b *basic) sign(request *http.Request) error {
	request.SetBasicAuth(b.username, b.password)
	return nil
}

func (b *basic) user() string { return b.username }

// Impersonated acts as a named user, as the gateway does.
func Impersonated(by impersonate.Impersonator, username string) Credential {
	return &impersonated{by: by, username: username}
}

type impersonated struct {
	by       impersonate.Impersonator
	username string
}

func (i *impersonated) sign(request *http.Request) error {
	out := impersonate.Outgoing{
		Method: request.Method, Path: request.URL.EscapedPath(), RawQuery: request.URL.RawQuery, Header: request.Header,
	}
	if err := i.by.Apply(&out, i.username); err != nil {
		return fmt.Errorf("impersonate: %w", err)
	}
	request.URL.RawQuery = out.RawQuery
	return nil
}

func (i *impersonated) user() string { return i.username }

// Nobody is for a client that asks by As alone.
func Nobody() Credential { return nobody{} }

type nobody struct{}

func (nobody) sign(*http.Request) error { return errors.New("there is nobody to ask as") }

func (nobody) user() string { return "" }
