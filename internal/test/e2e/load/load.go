// SPDX-License-Identifier: Apache-2.0

package load

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/token"
)

// How connections are used: both ways have to survive a gateway that goes away.
const (
	kept  = "kept"  // one for all requests, until the other side closes it
	fresh = "fresh" // one for each request
)

// Load calls Jira as a program does that reads the mounted Secret for each request.
type Load struct {
	count

	mount, owner string
	pause        time.Duration
}

// New makes a load with the keys token and uri of the Secret that is mounted at a folder, for the Jira user that the token
// belongs to, with a pause between two requests.
func New(mount, owner string, pause time.Duration) *Load {
	return &Load{mount: mount, owner: owner, pause: pause}
}

// Run works until the context ends.
func (l *Load) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for _, connection := range []string{kept, fresh} {
		workers.Go(func() { l.work(ctx, connection) })
	}
	workers.Wait()
}

func (l *Load) work(ctx context.Context, connection string) {
	client := NewClient(connection == kept)
	tick := time.NewTicker(l.pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.once(ctx, client, connection)
		}
	}
}

func (l *Load) once(ctx context.Context, client *Client, connection string) {
	plaintext, err := l.read("token")
	if err != nil {
		l.add("none", connection, 0, err.Error())
		return
	}
	uri, err := l.read("uri")
	if err != nil {
		l.add(tokenID(plaintext), connection, 0, err.Error())
		return
	}
	begin := time.Now()
	answer := client.Ask(ctx, &Question{URL: uri + "/rest/api/2/myself", Token: plaintext})
	if ctx.Err() == nil {
		l.add(tokenID(plaintext), connection, time.Since(begin), l.problem(answer))
	}
}

// problem says what is wrong with an answer; empty: nothing.
func (l *Load) problem(a *Answer) string {
	if a.Status == http.StatusOK && a.User == l.owner && strings.Contains(a.Body, `"name":"`+l.owner+`"`) {
		return ""
	}
	return a.String()
}

func (l *Load) read(key string) (string, error) {
	content, err := os.ReadFile(filepath.Join(l.mount, key))
	return strings.TrimSpace(string(content)), err
}

func tokenID(plaintext string) string {
	parsed, err := token.Parse(plaintext)
	if err != nil {
		return "malformed"
	}
	return parsed.ID()
}
