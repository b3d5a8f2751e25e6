// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
)

// Encode writes a configuration for its Secret.
func Encode(c *Config) ([]byte, error) {
	out := *c
	out.Version = FormatVersion
	if err := out.validate(); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// Decode reads a configuration. Anything it does not understand entirely is an error; the caller keeps the last good
// one.
func Decode(data []byte) (*Config, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var c Config
	if err := decoder.Decode(&c); err != nil {
		return nil, fmt.Errorf("gateway configuration can't be decoded: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("gateway configuration is followed by something else")
	}
	return &c, c.validate()
}

func (c *Config) validate() error {
	if c.Version != FormatVersion {
		return fmt.Errorf("gateway configuration has format version %d, known is %d", c.Version, FormatVersion)
	}
	if c.Policy.UID == "" {
		return errors.New("gateway configuration does not name its policy")
	}
	for _, raw := range []string{c.Jira.URL, c.Jira.BaseURL, c.Jira.PublicURL} {
		if u, err := url.Parse(raw); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return fmt.Errorf("gateway configuration has %q where an http or https URL is needed", raw)
		}
	}
	if c.MaxStaleness.Duration <= 0 {
		return errors.New("gateway configuration has no maxStaleness")
	}
	if c.Replicas < 0 {
		return fmt.Errorf("gateway configuration has %d replicas; there must be at least one", c.Replicas)
	}
	if c.MaxInFlight < 0 {
		return fmt.Errorf("gateway configuration has maxInFlight %d; 0, for none, or more is needed", c.MaxInFlight)
	}
	if c.TLS != nil && (c.TLS.SecretName == "" || c.TLS.ClientRequired && c.TLS.ClientCA == nil) {
		return errors.New("gateway configuration has TLS without a Secret, or requires client certificates without an authority")
	}
	err := errors.Join(c.Personal.validate(), c.RateLimitStore.validate(), c.Audit.validate(), c.Activity.validate())
	if err != nil {
		return err
	}
	if err := validateAffinity(c.AffinityCookies); err != nil {
		return err
	}
	if n := c.Impersonation.count(); n != 1 {
		return fmt.Errorf("gateway configuration has %d ways of impersonation, exactly one is needed", n)
	}
	if account := c.Impersonation.ServiceAccount; account != nil && (account.SecretName == "") == (account.OAuth2 == nil) {
		return errors.New("gateway configuration has a service account with a Secret and oauth2, or neither; exactly one is needed")
	}
	return nil
}
