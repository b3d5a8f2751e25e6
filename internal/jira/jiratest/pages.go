// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// loginURL is where Jira's pages send who is not logged in, or not allowed.
func (c *call) loginURL() string {
	destination := "/" + strings.Join(c.path, "/")
	if c.target.rawQuery != "" {
		destination += "?" + c.target.rawQuery
	}
	return c.s.base + "/login.jsp?permissionViolation=true&os_destination=" + url.QueryEscape(destination) +
		"&page_caps=&user_role="
}

func getLoginPage(c *call) reply { return c.loginPage("") }

func getDashboard(c *call) reply {
	if c.who.user == nil {
		return redirect(c.loginURL())
	}
	return c.dashboard()
}

func getBrowsePage(c *call) reply {
	i := c.s.issues[strings.ToUpper(c.args[0])]
	if i == nil || !c.who.user.can(Browse, c.s.projects[i.project]) {
		if c.who.user == nil {
			return redirect(c.loginURL())
		}
		return page(http.StatusNotFound, "Issue does not exist", "It has been deleted, or you may not see it.")
	}
	return page(http.StatusOK, "["+i.key+"] "+i.summary(), "")
}

// unknownPage is what is neither REST nor a page of the stand-in's.
func (c *call) unknownPage(path []string) reply {
	if len(path) == 0 {
		return redirect(c.s.base + "/secure/Dashboard.jspa")
	}
	closed := []string{"secure", "browse", "plugins", "projects", "issues"}
	if c.who.user == nil && slices.Contains(closed, path[0]) {
		return redirect(c.loginURL())
	}
	return page(http.StatusNotFound, "Oops, you've found a dead link.", "404")
}
