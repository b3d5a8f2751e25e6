// SPDX-License-Identifier: Apache-2.0

package scope

import "strings"

// Resource is what the finer scopes are about.
type Resource struct {
	// Name is the second half of a scope, in the wording of Atlassian's granular scopes where those have one.
	Name string
	// Actions are the first halves.
	Actions []string
	// About says what it is.
	About string
}

// resources are all there are. What only administrators change has no write or delete of its own.
var resources = []Resource{
	resource("issue", "read write delete", "issues, their transitions, properties, votes and watchers; searches"),
	resource("comment", "read write delete", "comments of issues"),
	resource("worklog", "read write delete", "work that was logged on issues"),
	resource("attachment", "read write delete", "attachments of issues, and their thumbnails"),
	resource("issue-link", "read write delete admin", "links between issues and to other places; the types of links"),
	resource("project", "read write delete admin", "projects, their properties and categories"),
	resource("component", "read write delete", "components of projects"),
	resource("version", "read write delete", "versions of projects"),
	resource("role", "read admin", "project roles and who has them"),
	resource("user", "read write delete admin", "users, their preferences and avatars"),
	resource("group", "read admin", "groups and their members"),
	resource("filter", "read write delete", "saved filters and whom they are shared with"),
	resource("dashboard", "read write delete", "dashboards and the properties of their gadgets"),
	resource("board", "read write delete admin", "boards, their backlogs and settings"),
	resource("sprint", "read write delete", "sprints and what is in them"),
	resource("epic", "read write", "epics and what is in them"),
	resource("field", "read admin", "fields, custom fields and their options"),
	resource("screen", "read admin", "screens and their tabs"),
	resource("issue-type", "read admin", "issue types and their schemes"),
	resource("priority", "read admin", "priorities and their schemes"),
	resource("resolution", "read admin", "resolutions"),
	resource("status", "read admin", "statuses and their categories"),
	resource("workflow", "read admin", "workflows and their schemes"),
	resource("permission", "read admin", "permissions, permission schemes and security levels"),
	resource("notification-scheme", "read admin", "notification schemes"),
	resource("avatar", "read write delete", "avatars of projects and other things"),
	resource("instance-configuration", "read admin", "settings of Jira: application properties, roles, e-mail templates"),
	resource("system", "admin", "re-indexing, cluster, upgrades and monitoring"),
	resource("audit-log", "admin", "the audit log"),
	resource("webhook", "admin", "webhooks"),
	resource("request", "read write delete", "requests to a service desk, their participants and approvals"),
	resource("servicedesk", "read write", "service desks, their queues, request types and knowledge base"),
	resource("organization", "read write delete admin", "customers and organisations of service desks"),
	resource("object", "read write delete", "objects of Assets, which was called Insight"),
	resource("object-schema", "read admin", "object schemas and types of Assets"),
	resource("development-info", "read", "branches, commits and builds of issues"),
	resource("test", "read write delete admin", "tests and their executions (Xray, Zephyr)"),
	resource("app", "read write delete admin", "what spec.scopes.operations of a TokenPolicy says: an app of your own"),
}

func resource(name, actions, about string) Resource {
	return Resource{Name: name, Actions: strings.Fields(actions), About: about}
}

// The numbers of the coarse scopes, in the first word of a set; those of the finer ones follow.
const (
	numberRead = iota
	numberWrite
	numberAdmin
)

// names of the scopes by number, numbers by name, and the finer scopes that each coarse one covers.
var names, numbers, covered = enumerate()

func enumerate() (names []string, numbers map[string]int, covered [3]Set) {
	names = []string{"read", "write", "admin"}
	coarse := map[string]int{"read": numberRead, "write": numberWrite, "delete": numberWrite, "admin": numberAdmin}
	for _, r := range resources {
		for _, action := range r.Actions {
			covered[coarse[action]] = covered[coarse[action]].With(one(len(names)))
			names = append(names, action+":"+r.Name)
		}
	}
	numbers = make(map[string]int, len(names))
	for number, name := range names {
		numbers[name] = number
	}
	return names, numbers, covered
}

// Resources lists what the finer scopes are about, in a fixed order.
func Resources() []Resource { return append([]Resource(nil), resources...) }

// All is the set of all scopes.
func All() Set {
	var s Set
	for number := range names {
		s = s.With(one(number))
	}
	return s
}

func actionsOf(resource string) string {
	for _, r := range resources {
		if r.Name == resource {
			return strings.Join(r.Actions, ", ")
		}
	}
	return ""
}
