// SPDX-License-Identifier: Apache-2.0

package reporter

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/activity"
)

const (
	// answerTimeout is longer than a manager takes to write as much as it can.
	answerTimeout = 45 * time.Second
	maxAnswer     = 1 << 20
	maxToken      = 64 << 10
	maxComplaint  = 300
)

// sender sends reports to one target at a time.
type sender struct {
	tokenFile string

	target Target
	client *http.Client
}

// send gives the results of a report's uses. Its errors repeat nothing of the token.
func (s *sender) send(ctx context.Context, target Target, report *activity.Report) ([]activity.Result, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(report)
	if err != nil {
		return nil, fmt.Errorf("encode the report: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make a request to %s: %w", target.URL, err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.clientFor(target).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return readAnswer(response, len(report.Uses))
}

func readAnswer(response *http.Response, uses int) ([]activity.Result, error) {
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the manager's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the manager answers %s: %.*q", response.Status, maxComplaint, strings.TrimSpace(string(text)))
	}
	var answer activity.Answer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("decode the manager's answer: %w", err)
	}
	if len(answer.Results) != uses {
		return nil, fmt.Errorf("the manager answers with %d results to %d uses", len(answer.Results), uses)
	}
	return answer.Results, nil
}

// token reads the file anew: the kubelet renews it.
func (s *sender) token() (string, error) {
	file, err := os.Open(s.tokenFile)
	if err != nil {
		return "", fmt.Errorf("the ServiceAccount token for reports: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxToken))
	if err != nil {
		return "", fmt.Errorf("the ServiceAccount token for reports: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("the file of the ServiceAccount token for reports has no token in it")
	}
	return token, nil
}

// clientFor goes on with the connections that there are while the target stays the same.
func (s *sender) clientFor(target Target) *http.Client {
	if s.client != nil && s.target == target {
		return s.client
	}
	s.close()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(target.CA))
	s.target, s.client = target, &http.Client{
		Transport: &http.Transport{ // no proxy: the manager is in the cluster
			TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
			DialContext:         (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
			TLSHandshakeTimeout: 10 * time.Second,
			// Shorter than the heartbeat: so the replicas of the manager share the work.
			IdleConnTimeout: 30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s.client
}

func (s *sender) close() {
	if s.client != nil {
		s.client.CloseIdleConnections()
	}
}
