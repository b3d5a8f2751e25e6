// SPDX-License-Identifier: Apache-2.0

package gatewayconfig

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The actions on a class of personal credentials.
const (
	ActionAllow       = "Allow"
	ActionBrowserOnly = "BrowserOnly" // for the class session only
	ActionDeny        = "Deny"
)

// ClassSession is the class of session cookies.
const ClassSession = "session"

// PersonalClasses returns the names of all classes, in the order of the API.
func PersonalClasses() []string {
	return []string{"basic", "jiraToken", "oauth", ClassSession, "login", "parameters", "anonymous"}
}

// Personal says what happens to personal credentials. A class that is not among Classes is denied.
type Personal struct {
	Classes []PersonalClass `json:"classes,omitempty"`
	Exempt  []Exemption     `json:"exempt,omitempty"`
}

// PersonalClass is what happens to one class.
type PersonalClass struct {
	Class  string `json:"class"`
	Action string `json:"action"`
	// Audit lets through, with a note, what the action denies.
	Audit bool `json:"audit,omitempty"`
}

// Exemption lets through what a class denies. All that is set must match.
type Exemption struct {
	// Paths have `*` for one segment and `**` at the end for any number.
	Paths        []string       `json:"paths,omitempty"`
	SourceRanges []netip.Prefix `json:"sourceRanges,omitempty"`
	Users        []string       `json:"users,omitempty"`
	Until        *time.Time     `json:"until,omitempty"`
}

func (p *Personal) validate() error {
	if p == nil {
		return nil
	}
	for i, class := range p.Classes {
		if !slices.Contains(PersonalClasses(), class.Class) {
			return fmt.Errorf("gateway configuration has personal.classes[%d].class %q, known are %s",
				i, class.Class, strings.Join(PersonalClasses(), ", "))
		}
		switch {
		case class.Action == ActionAllow, class.Action == ActionDeny:
		case class.Action == ActionBrowserOnly && class.Class == ClassSession:
		default:
			return fmt.Errorf("gateway configuration has personal.classes[%d].action %q, which %s can't have",
				i, class.Action, class.Class)
		}
	}
	for i, exempt := range p.Exempt {
		if len(exempt.Paths) == 0 && len(exempt.SourceRanges) == 0 && len(exempt.Users) == 0 {
			return fmt.Errorf("gateway configuration has personal.exempt[%d] without paths, sourceRanges and users", i)
		}
		for _, path := range exempt.Paths {
			if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "/*") {
				return fmt.Errorf("gateway configuration has personal.exempt[%d].paths with %q; a path begins with a slash "+
					"and a segment without wildcard", i, path)
			}
		}
	}
	return nil
}
