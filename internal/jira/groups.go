// SPDX-License-Identifier: Apache-2.0

package jira

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/jiratokens/jira-token-operator/internal/grant"
)

const (
	pageSize = 50 // Jira's own bound
	// maxMembers is the largest group that is read.
	maxMembers = 100_000
	// maxPages bounds the requests for one group, for a server that cuts its pages shorter.
	maxPages = 2 * maxMembers / pageSize
	// maxReads is how often a group is read that changes meanwhile.
	maxReads = 3
)

// page is one page of a group's members.
type page struct {
	StartAt int        `json:"startAt"`
	Total   int        `json:"total"`
	IsLast  bool       `json:"isLast"`
	Values  []userJSON `json:"values"`
}

// GroupMembers reads all users of a group and, as Jira does it, of the groups in it, each once; inactive ones as well.
// NotFoundError: there is no such group. One with more than 100,000 users is an UnavailableError.
func (c *Client) GroupMembers(ctx context.Context, group string) ([]User, error) {
	for attempt := 1; ; attempt++ {
		r := groupReading{client: c, group: group, seen: map[string]string{}}
		err := r.all(ctx)
		// A member who left meanwhile has moved another one from a page to come to a page that was read. What changes all
		// the time has to be taken as it is; the next refresh makes up for it.
		if err != nil || r.steady || attempt == maxReads {
			return r.users, err
		}
	}
}

// groupReading is one way through the pages of a group.
type groupReading struct {
	client *Client
	group  string
	users  []User
	seen   map[string]string // keys by folded name
	// steady: the group kept its size from the first page to the last.
	steady bool
}

func (r *groupReading) all(ctx context.Context) error {
	r.steady = true
	total, start := -1, 0
	for range maxPages {
		p, err := r.page(ctx, start)
		if err != nil {
			return err
		}
		if total >= 0 && total != p.Total {
			r.steady = false
		}
		total = p.Total
		added, err := r.add(p.Values)
		switch {
		case err != nil:
			return err
		case p.IsLast:
			return nil
		case len(p.Values) == 0:
			return r.broken("ends before its last page")
		case added == 0:
			return r.broken("repeats its pages")
		case len(r.users) > maxMembers:
			return r.broken(fmt.Sprintf("has more than the %d members that are read at most", maxMembers))
		}
		start += len(p.Values)
	}
	return r.broken(fmt.Sprintf("has more than the %d pages that are read at most", maxPages))
}

func (r *groupReading) page(ctx context.Context, start int) (*page, error) {
	query := url.Values{
		"groupname": {r.group}, "includeInactiveUsers": {"true"},
		"startAt": {strconv.Itoa(start)}, "maxResults": {strconv.Itoa(pageSize)},
	}
	var p page
	if err := r.client.get(ctx, "/rest/api/2/group/member", query, fmt.Sprintf("group %q", r.group), &p); err != nil {
		return nil, err
	}
	if p.StartAt != start {
		return nil, r.broken(fmt.Sprintf("has a page from %d where one from %d was asked for", p.StartAt, start))
	}
	return &p, nil
}

// add takes a page's users and tells how many of them are new. Single ones without a key are left out; a page of nothing
// else is no answer.
func (r *groupReading) add(values []userJSON) (added int, err error) {
	unusable := 0
	for i := range values {
		u, ok := values[i].user()
		if !ok {
			unusable++
			continue
		}
		name := grant.FoldUser(u.Name)
		switch key, again := r.seen[name]; {
		case !again:
			r.seen[name] = u.Key
			r.users = append(r.users, u)
			added++
		case key != u.Key:
			return added, r.broken("names one user with two keys")
		}
	}
	if unusable > 0 && unusable == len(values) {
		return added, r.broken("has users without names and keys")
	}
	return added, nil
}

func (r *groupReading) broken(what string) error {
	return &UnavailableError{Why: fmt.Sprintf("Jira's list of group %q %s", r.group, what)}
}
