// SPDX-License-Identifier: Apache-2.0

package jiratest

import "strings"

// webActions are actions of the web interface, by name.
var webActions = map[string]func(*call) reply{
	"Dashboard": getDashboard,
	"Logout":    getLogout,
}

// webAction finds the action for a path that no resource takes. Jira's servlet mapping *.jspa looks at the end of a path
// only, so what /rest lets through falls to it from any depth, and the action is what follows the last slash (webwork's
// ServletDispatcher), up to the command that may follow a '!'.
func webAction(path []string) func(*call) reply {
	if len(path) == 0 {
		return nil
	}
	name, found := strings.CutSuffix(path[len(path)-1], ".jspa")
	if !found {
		return nil
	}
	name, _, _ = strings.Cut(name, "!")
	return webActions[name]
}
