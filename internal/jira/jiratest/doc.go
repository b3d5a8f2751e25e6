// SPDX-License-Identifier: Apache-2.0

// Package jiratest is a stand-in Jira Data Center for tests and the demo. It enforces what a real one enforces: who may
// log in and by which credential, what they may see, Tomcat's rules for paths and header sizes, and XSRF checks. Where
// a real Jira silently falls back to anonymous, so does this one, because that is what a gateway has to notice.
//
// Its shapes follow the public REST reference of Jira 8 to 10 and public sources of Seraph, the OAuth service provider
// and atlassian-rest; what is an inference is marked "inferred" where it is made. Everything lives in memory.
//
//	srv := jiratest.Start(t, jiratest.Config{ContextPath: "/jira", BaseURL: "https://jira.example/jira"})
//	srv.AddUser(jiratest.User{Name: "alice", Password: "pw", Permissions: jiratest.Browse | jiratest.Edit})
//	srv.AddProject(jiratest.Project{Key: "DEMO"})
//	pat := srv.AddPAT("alice")
//	// … call srv.URL() …
//	srv.Last().User // who Jira decided it was
package jiratest
