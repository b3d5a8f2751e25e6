// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	patience = 30 * time.Second // longer than any gateway takes, shorter than a person would wait
	bodySize = 4 << 10          // of an answer is kept
)

// Question is one request.
type Question struct {
	Method string `json:"method,omitempty"` // GET if empty
	URL    string `json:"url"`
	Token  string `json:"token"`
	Body   string `json:"body,omitempty"`
}

// Answer is what came of it.
type Answer struct {
	Status int    `json:"status"` // 0: no answer
	User   string `json:"user"`   // whom Jira took it for
	Body   string `json:"body"`   // its beginning, or what went wrong
}

// String is one line.
func (a *Answer) String() string { return fmt.Sprintf("%d, user %q: %.300s", a.Status, a.User, a.Body) }

// Client sends each question once.
type Client struct{ http http.Client }

// NewClient makes a client that keeps its connection, or makes another one each time.
func NewClient(keepConnection bool) *Client {
	return &Client{http: http.Client{
		Timeout:       patience,
		Transport:     &http.Transport{DisableKeepAlives: !keepConnection},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Ask sends a question and reads the whole answer.
func (c *Client) Ask(ctx context.Context, q *Question) *Answer {
	method := q.Method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, q.URL, onlyOnce(q.Body))
	if err != nil {
		return &Answer{Body: err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+q.Token)
	if q.Body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return &Answer{Body: err.Error()}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, bodySize))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
	}
	if err != nil {
		return &Answer{Body: fmt.Sprintf("%d, and then: %v", response.StatusCode, err)}
	}
	user := response.Header.Get("X-AUSERNAME")
	if decoded, err := url.QueryUnescape(user); err == nil {
		user = decoded
	}
	return &Answer{Status: response.StatusCode, User: user, Body: string(body)}
}

// onlyOnce is a body, also an empty one, that Go's client can't read a second time: without it, Go would silently send a GET
// again whose connection was closed under it.
func onlyOnce(body string) io.Reader { return struct{ io.Reader }{strings.NewReader(body)} }
