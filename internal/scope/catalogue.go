// SPDX-License-Identifier: Apache-2.0

package scope

// readableSession is the one operation of /rest/auth that mints nothing: it says who one is.
var readableSession = always("session", "rest/auth/*/session")

// neverReachable mints or changes credentials. A token that could make another credential would outlive its own
// expiry, and its limits would not bind what it made.
var neverReachable = []rule{
	always("Jira's personal access tokens", "rest/pat/**"),
	always("sessions and websudo", "rest/auth/**"),
	always("OAuth", "rest/oauth*/**"),
	always("two-step verification", "rest/tsv/**"),
	always("the login gadget", "rest/gadget/*/login/**"),
	always("the login gadget", "rest/gadget/login/**"),
	always("identity providers", "rest/authconfig/**"),
	always("authentication of the user directory", "rest/usermanagement/**"),
	always("API tokens and single sign-on of resolution", "rest/de.resolution*/**"),
	always("passwords", "rest/api/*/user/password/**"),
	always("passwords", "rest/api/*/myself/password/**"),
}

// adminOnly is what gives power over Jira itself or over other people.
var adminOnly = []rule{
	always("apps", "rest/plugins/**"), // already GET /rest/plugins/1.0/ hands out the token for uploads
	always("apps", "rest/plugin*/**"),
	always("script consoles", "rest/scriptrunner*/**"),
	always("script consoles", "rest/my-groovy/**"),
	always("script consoles", "rest/jmwe*/**"),
	always("webhooks", "rest/webhooks/**"),
	always("webhooks", "rest/jira-webhook/**"),
	always("application links", "rest/applinks*/**"),
	always("automation", "rest/cb-automation/**"),
	always("automation", "rest/automation*/**"),
	always("Basic authentication", "rest/basicauth/**"),
	always("support tools", "rest/troubleshooting/**"),
	always("support tools", "rest/atlassian-cluster-monitoring/**"),
	always("imports", "rest/jira-importers-plugin/**"),
	always("migration", "rest/migration/**"),
	always("backup and export", "rest/backup*/**"),
	always("backup and export", "rest/obm/**"),
	always("backup and export", "rest/datapipeline/**"),
	always("audit log", "rest/auditing/**"),
	always("mail", "rest/jira-mail-plugin/**"),

	changing("users and groups", "rest/api/*/user"),
	changing("users and groups", "rest/api/*/user/application/**"),
	changing("users and groups", "rest/api/*/user/session/**"),
	always("users and groups", "rest/api/*/user/anonymization/**"),
	always("users and groups", "rest/api/*/user/duplicated/**"),
	always("users and groups", "rest/api/*/group/**"),
	always("users and groups", "rest/admin/**"),
	changing("users and groups", "rest/api/*/applicationrole/**"),

	always("reindex", "rest/api/*/reindex/**"),
	always("reindex", "rest/api/*/index/**"),
	always("reindex", "rest/api/*/index-snapshot/**"),
	always("cluster and upgrades", "rest/api/*/cluster/**"),
	always("cluster and upgrades", "rest/api/*/upgrade/**"),
	always("cluster and upgrades", "rest/api/*/monitoring/**"),
	always("audit log", "rest/api/*/auditing/**"),
	always("settings", "rest/api/*/email-templates/**"),
	always("settings", "rest/api/*/application-properties/**"),
	changing("settings", "rest/api/*/settings/**"),
	changing("settings", "rest/api/*/terminology/**"),

	changing("permissions", "rest/api/*/permissionscheme/**"),
	changing("permissions", "rest/api/*/issuesecurityschemes/**"),
	changing("permissions", "rest/api/*/role/**"),
	changing("permissions", "rest/api/*/project/*/role/**"),
	changing("permissions", "rest/api/*/project/*/permissionscheme/**"),
	changing("permissions", "rest/api/*/project/*/securitylevel/**"),

	changing("configuration", "rest/api/*/notificationscheme/**"),
	changing("configuration", "rest/api/*/workflow/**"),
	changing("configuration", "rest/api/*/workflowscheme/**"),
	changing("configuration", "rest/api/*/issuetypescheme/**"),
	changing("configuration", "rest/api/*/priorityschemes/**"),
	changing("configuration", "rest/api/*/issuetype/**"),
	changing("configuration", "rest/api/*/issueLinkType/**"),
	changing("configuration", "rest/api/*/priority/**"),
	changing("configuration", "rest/api/*/resolution/**"),
	changing("configuration", "rest/api/*/status/**"),
	changing("configuration", "rest/api/*/field/**"),
	changing("configuration", "rest/api/*/customFields/**"),
	changing("configuration", "rest/api/*/screens/**"),
	changing("configuration", "rest/api/*/projectCategory/**"),
	changing("projects", "rest/api/*/project"),
	changing("projects", "rest/api/*/project/*"),
	changing("projects", "rest/api/*/project/*/archive"),
	changing("projects", "rest/api/*/project/*/restore"),
}

// readingPosts are POSTs that change nothing.
var readingPosts = []rule{
	always("search", "rest/api/*/search"),
	always("worklogs", "rest/api/*/worklog/list"),
	always("licence check", "rest/api/*/licenseValidator"),
	always("password policy", "rest/api/*/password/policy/createUser"),
	always("password policy", "rest/api/*/password/policy/updateUser"),
	always("Assets search", "rest/insight/*/object/navlist/iql"),
	always("Assets search", "rest/assets/*/object/navlist/iql"),
	always("Assets search", "rest/assets/*/object/navlist/aql"),
}

// pages are what scripts fetch outside /rest.
var pages = []rule{
	always("attachment", "secure/attachment/**"),
	always("thumbnail", "secure/thumbnail/**"),
	always("avatar", "secure/useravatar"),
	always("avatar", "secure/projectavatar"),
	always("search as XML or a sheet", "sr/jira.issueviews:*/**"),
	always("issue as XML or a document", "si/*/**"),
}
