// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"

	"github.com/jiratokens/jira-token-operator/internal/jira/jiratest"
)

// data is the file behind --data.
type data struct {
	Users    []userData    `json:"users"`
	Groups   []groupData   `json:"groups"`
	Projects []projectData `json:"projects"`
	Issues   []issueData   `json:"issues"`
}

type userData struct {
	Name        string    `json:"name"`
	Key         string    `json:"key"`
	Password    string    `json:"password"`
	DisplayName string    `json:"displayName"`
	Email       string    `json:"email"`
	Groups      []string  `json:"groups"`
	Projects    []string  `json:"projects"` // that the permissions hold for; empty: all
	Permissions []string  `json:"permissions"`
	Inactive    bool      `json:"inactive"`
	PATs        []patData `json:"pats"`
}

type patData struct {
	Name    string    `json:"name"`
	Token   string    `json:"token"`
	Expires time.Time `json:"expires"` // left out: never
}

type groupData struct {
	Name      string   `json:"name"`
	Subgroups []string `json:"subgroups"`
}

type projectData struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	Public bool   `json:"public"`
}

type issueData struct {
	Key         string           `json:"key"`
	Summary     string           `json:"summary"`
	Description string           `json:"description"`
	Reporter    string           `json:"reporter"`
	Attachments []attachmentData `json:"attachments"`
}

type attachmentData struct {
	Name     string `json:"name"`
	Size     int64  `json:"size"` // in bytes; the content is made up
	MimeType string `json:"mimeType"`
}

var permissions = map[string]jiratest.Permission{
	"browse": jiratest.Browse, "edit": jiratest.Edit, "admin": jiratest.Admin,
}

var issueKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]*(-[1-9]\d*)?$`)

// load reads the file into the server. Its errors name the entry that is wrong, never a secret.
func load(jira *jiratest.Server, path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var d data
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, g := range d.Groups {
		jira.AddGroup(jiratest.Group{Name: g.Name, Subgroups: g.Subgroups})
	}
	for _, u := range d.Users {
		if err := u.addTo(jira); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, p := range d.Projects {
		if !issueKey.MatchString(p.Key) {
			return fmt.Errorf("%s: project key %q: must be like DEMO", path, p.Key)
		}
		jira.AddProject(jiratest.Project{Key: p.Key, Name: p.Name, Public: p.Public})
	}
	for _, i := range d.Issues {
		if err := i.addTo(jira); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

func (u userData) addTo(jira *jiratest.Server) error {
	if u.Name == "" {
		return errors.New("a user needs a name")
	}
	made := jiratest.User{
		Name: u.Name, Key: u.Key, Password: u.Password, DisplayName: u.DisplayName, Email: u.Email, Groups: u.Groups,
		Projects: u.Projects, Inactive: u.Inactive,
	}
	for _, name := range u.Permissions {
		p, known := permissions[name]
		if !known {
			return fmt.Errorf("user %s: permission %q: must be browse, edit or admin", u.Name, name)
		}
		made.Permissions |= p
	}
	jira.AddUser(made)
	for _, p := range u.PATs {
		if p.Token == "" {
			return fmt.Errorf("user %s: token %q: needs its secret in \"token\"", u.Name, p.Name)
		}
		jira.PutPAT(jiratest.PAT{User: u.Name, Name: p.Name, Token: p.Token, Expires: p.Expires})
	}
	return nil
}

func (i issueData) addTo(jira *jiratest.Server) error {
	if !issueKey.MatchString(i.Key) {
		return fmt.Errorf("issue key %q: must be like DEMO-7", i.Key)
	}
	key := jira.AddIssue(jiratest.Issue{Key: i.Key, Summary: i.Summary, Description: i.Description, Reporter: i.Reporter})
	for _, a := range i.Attachments {
		if a.Name == "" || a.Size < 0 {
			return fmt.Errorf("issue %s: an attachment needs a name, and a size that is not negative", i.Key)
		}
		jira.AddAttachment(jiratest.Attachment{
			Issue: key, Name: a.Name, Size: a.Size, MimeType: a.MimeType, Author: i.Reporter,
		})
	}
	return nil
}
