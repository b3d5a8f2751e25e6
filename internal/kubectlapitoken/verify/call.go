// SPDX-License-Identifier: Apache-2.0

package verify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/cli"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
)

const (
	// myself is what is asked for: it needs the scope read:user, and says who Jira takes the caller for.
	myself = "/rest/api/2/myself"
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 64 << 10
)

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	user    string   // as Jira names it
	says    []string // in Jira's and the gateway's own shape of errors
	isJSON  bool
	latency time.Duration
}

// try sends the token, once, and to no place that an answer names.
func (c *command) try(ctx context.Context, s *subject) (*verdict, error) {
	transport, err := c.transport()
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()
	httpClient := &http.Client{
		Transport: transport, Timeout: c.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	target := *s.url
	target.Path += myself
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), http.NoBody)
	if err != nil {
		return nil, usage.Errorf("--url: %w", err)
	}
	request.Header.Set("Authorization", "Bearer "+s.token.Reveal())
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "kubectl-apitoken/"+cli.Version())
	fmt.Fprintf(c.streams.Out, "GET %s\n", target.String())
	begin := c.now.Now()
	response, err := httpClient.Do(request)
	if err != nil {
		return trouble(s, err), nil
	}
	defer response.Body.Close()
	a, err := read(response)
	if err != nil {
		return trouble(s, err), nil
	}
	a.latency = c.now.Since(begin)
	return judge(s, a), nil
}

func read(response *http.Response) (*answer, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	a := &answer{status: response.StatusCode, header: response.Header}
	var content struct {
		Name          string   `json:"name"`
		ErrorMessages []string `json:"errorMessages"`
		Message       string   `json:"message"`
	}
	if json.Unmarshal(body, &content) == nil {
		a.isJSON, a.user, a.says = true, content.Name, content.ErrorMessages
		if content.Message != "" {
			a.says = append(a.says, content.Message)
		}
	}
	return a, nil
}

func (c *command) transport() (*http.Transport, error) {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return nil, errors.New("the standard library's transport is another one")
	}
	transport := base.Clone()
	if c.caFile == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(c.caFile)
	if err != nil {
		return nil, usage.Errorf("--ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without any
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usage.Errorf("--ca-file %s has no certificate in PEM form (-----BEGIN CERTIFICATE-----)", c.caFile)
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return transport, nil
}
