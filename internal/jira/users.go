// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// maxNameBytes bounds names and keys that are believed; Jira's database holds 255 characters.
const maxNameBytes = 1024

// User is what Jira says of a user.
type User struct {
	Name string
	// Key stays when the user is renamed.
	Key string
	// Active: the user may log in.
	Active bool
}

// userJSON is a user in Jira's answers; what it does not say counts against the user.
type userJSON struct {
	Name    string `json:"name"`
	Key     string `json:"key"`
	Active  bool   `json:"active"`
	Deleted bool   `json:"deleted"` // Jira 8.10 and later, where deleted users can be shown
}

// user is false for one without a key: it can't be told from a later one of the same name.
func (u *userJSON) user() (User, bool) {
	if u.Name == "" || u.Key == "" || len(u.Name) > maxNameBytes || len(u.Key) > maxNameBytes {
		return User{}, false
	}
	return User{Name: u.Name, Key: u.Key, Active: u.Active && !u.Deleted}, true
}

// Myself proves that Jira takes a request for the credential's user's: both its header and its answer must say so.
func (c *Client) Myself(ctx context.Context) error {
	var answer userJSON
	err := c.get(ctx, "/rest/api/2/myself", url.Values{}, "user of one's own", &answer)
	if refused, ok := errors.AsType[*RefusedError](err); ok && !refused.Everywhere {
		return &RefusedError{Why: "Jira did not let the user see who they are (status 403): may they log in?", Everywhere: true}
	}
	if err != nil {
		return err
	}
	if wanted := c.credential.user(); !grant.SameUser(answer.Name, wanted) {
		return &RefusedError{
			Why: fmt.Sprintf("Jira answered that the user is %q rather than %q", quoted(answer.Name), wanted), Everywhere: true,
		}
	}
	return nil
}

// UserByName looks up a user; NotFoundError: there is none of that name.
func (c *Client) UserByName(ctx context.Context, name string) (User, error) {
	var answer userJSON
	err := c.get(ctx, "/rest/api/2/user", url.Values{"username": {name}}, fmt.Sprintf("user %q", name), &answer)
	if err != nil {
		return User{}, err
	}
	found, ok := answer.user()
	if !ok || !grant.SameUser(found.Name, name) {
		return User{}, &UnavailableError{Why: "Jira answered about another user than it was asked about, or without the user's key"}
	}
	return found, nil
}
