// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOwnOperations(t *testing.T) {
	c, err := NewClassifier(Options{Operations: []Line{
		{Method: "GET", Path: "/rest/rota/1.0/**", Scope: "read:app"},
		{Method: "POST", Path: "/rest/rota/1.0/shift/{id}", Scope: "write:app"},
		{Method: "POST", Path: "/rest/tempo-timesheets/4/worklogs/search", Scope: "read:worklog"},
		{Method: "GET", Path: "/rest/{any}/**", Scope: "read:app"},
		{Method: "GET", Path: "/rest/api/**", Scope: "read:issue"},
		{Method: "POST", Path: "/rest/**", Scope: "write:app"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]string{
		"GET /rest/rota/1.0/shift/7": "read:app", "HEAD /rest/rota/1.0": "read:app", "POST /rest/rota/1.0/shift/7": "write:app",
		"POST /rest/tempo-timesheets/4/worklogs/search": "read:worklog", "POST /rest/rota/1.0/shift": "write:app",
		"DELETE /rest/rota/1.0/shift/7": "admin", "GET /rest/other/1": "read:app",
		// However wide they are, they ease neither what needs admin nor what mints credentials.
		"GET /rest/api/2/reindex": "admin", "POST /rest/api/2/user": "admin", "GET /rest/pat/latest/tokens": "never",
		"POST /rest/auth/1/session": "never", "POST /rest/nativemobile/1.0/batch": "never", "GET /rest/x/y.jspa": "outside",
		"GET /rest/api/2/issue/A-1?updateHistory=true": "write",
	} {
		method, path, _ := strings.Cut(target, " ")
		path, query, _ := strings.Cut(path, "?")
		o := c.Classify(method, strings.Split(path[1:], "/"), query)
		got := map[Access]string{Scoped: o.Need.String(), Never: "never", Outside: "outside"}[o.Access]
		if got != want {
			t.Errorf("%s needs %s (%s), not %s", target, got, o.Name, want)
		}
	}
}

func TestOwnOperationsThatCanNotBe(t *testing.T) {
	for want, line := range map[string]Line{
		`path "/secure/x": must begin with /rest/`:             {Method: "GET", Path: "/secure/x", Scope: "read:app"},
		"no token reaches it (Jira's personal access tokens)":  {Method: "GET", Path: "/rest/pat/latest/tokens", Scope: "admin"},
		"no token reaches it (a dispatcher of other requests)": {Method: "POST", Path: "/rest/NativeMobile/1.0/batch", Scope: "write:app"},
		"needs admin or a scope admin:<resource> (reindex)":    {Method: "GET", Path: "/rest/api/2/reindex", Scope: "read:app"},
		"no token reaches pages and actions":                   {Method: "GET", Path: "/rest/x/Y.jspa", Scope: "read:app"},
		`unknown scope "read:rota"`:                            {Method: "GET", Path: "/rest/rota", Scope: "read:rota"},
	} {
		if _, err := NewClassifier(Options{Operations: []Line{line}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", line, err, want)
		}
	}
	twice := Line{Method: "GET", Path: "/rest/rota/{id}", Scope: "read:app"}
	if _, err := NewClassifier(Options{Operations: []Line{twice, twice}}); err == nil || !strings.Contains(err.Error(), "is there twice") {
		t.Error(err)
	}
}

// Whatever a policy lists, no token reaches what was never reachable, and none without admin what administers Jira.
func TestOwnOperationsNeverEaseRestrictions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		segments, method := generated(t), rapid.SampledFrom(methodsTried).Draw(t, "method")
		c, err := NewClassifier(Options{Operations: []Line{
			{Method: "GET", Path: "/rest/{m}/**", Scope: "read:app"},
			{Method: "POST", Path: "/rest/{m}/{v}/**", Scope: "write:app"},
			{Method: "PUT", Path: "/rest/api/**", Scope: "write:app"},
			{Method: "DELETE", Path: "/rest/api/2/{x}/**", Scope: "delete:app"},
		}})
		if err != nil {
			t.Fatal(err)
		}
		before, now := formerly(method, segments, ""), c.Classify(method, segments, "")
		if before.Access != Scoped && now.Access != before.Access {
			t.Errorf("%s %q: access was %d, is %d", method, segments, before.Access, now.Access)
		}
		if before.Need == Admin && before.Name != unknownModule && !Admin.Contains(now.Need) {
			t.Errorf("%s %q needed admin (%s), and now %s", method, segments, before.Name, now.Need)
		}
	})
}

// The version that a policy names by its alias does not take over another, whichever comes first.
func TestOwnOperationsOfLatest(t *testing.T) {
	named := Line{Method: "GET", Path: "/rest/rota/latest/a", Scope: "read:app"}
	numbered := Line{Method: "GET", Path: "/rest/rota/1.0/b", Scope: "read:app"}
	for _, list := range [][]Line{{named, numbered}, {numbered, named}} {
		c, err := NewClassifier(Options{Operations: list})
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range list {
			if o := c.Classify("GET", strings.Split(line.Path[1:], "/"), ""); o.Need.String() != "read:app" {
				t.Errorf("%v: %s needs %s", list, line.Path, o.Need)
			}
		}
	}
}

func TestDenyUnlisted(t *testing.T) {
	c, err := NewClassifier(Options{DenyUnlisted: true, Operations: []Line{{Method: "GET", Path: "/rest/rota/**", Scope: "read:app"}}})
	if err != nil {
		t.Fatal(err)
	}
	for target, want := range map[string]Access{
		"GET /rest/api/2/issue/A-1": Scoped, "GET /rest/rota/1": Scoped, "GET /rest": Scoped, "GET /secure/attachment/1/a": Scoped,
		"GET /rest/api/2/issue/A-1/unheard": Unlisted, "GET /rest/some-app/1.0/x": Unlisted, "POST /rest/rota/1": Unlisted,
		"GET /rest/api/2/issue.json": Unlisted, "GET /rest/pat/latest/tokens": Never,
	} {
		method, path, _ := strings.Cut(target, " ")
		if o := c.Classify(method, strings.Split(path[1:], "/"), ""); o.Access != want {
			t.Errorf("%s: access %d (%s), not %d", target, o.Access, o.Name, want)
		}
	}
}
