// SPDX-License-Identifier: Apache-2.0

package scope

// readableSession is the one operation of /rest/auth that mints nothing: it says who one is.
var readableSession = always("session", "rest/auth/*/session")

// neverReachable mints or changes credentials, or hides what it does. A token that could make another credential would
// outlive its own expiry, and its limits would not bind what it made.
//
// Dispatchers, which run requests that the body names, belong here as well: what they run is never classified. None may
// ever be eased, not even for the scope admin.
var neverReachable = []rule{
	always("a dispatcher of other requests", "rest/nativemobile*/**"),
	always("Jira's personal access tokens", "rest/pat/**"),
	always("sessions and websudo", "rest/auth/**"),
	always("OAuth", "rest/oauth*/**"),
	always("two-step verification", "rest/tsv*/**"),
	always("the login gadget", "rest/gadget/*/login/**"),
	always("the login gadget", "rest/gadget/login/**"),
	always("identity providers", "rest/authconfig/**"),
	always("authentication of the user directory", "rest/usermanagement/**"),
	always("authentication of the user directory", "rest/crowd*/**"),
	always("API tokens and single sign-on of an app", "rest/de.resolution*/**"),
	always("API tokens and single sign-on of an app", "rest/extender/**"),
	always("API tokens and single sign-on of an app", "rest/apitoken*/**"),
	always("API tokens and single sign-on of an app", "rest/api-token*/**"),
	always("API tokens and single sign-on of an app", "rest/kantega*/**"),
	always("API tokens and single sign-on of an app", "rest/no.kantega*/**"),
	always("API tokens and single sign-on of an app", "rest/ksso*/**"),
	always("API tokens and single sign-on of an app", "rest/miniorange*/**"),
	always("API tokens and single sign-on of an app", "rest/com.miniorange*/**"),
	always("API tokens and single sign-on of an app", "rest/mo-*/**"),
	always("API tokens and single sign-on of an app", "rest/saml*/**"),
	always("API tokens and single sign-on of an app", "rest/sso*/**"),
	always("secret addresses of calendars", "rest/calendar-services/**"),
	always("secret addresses of calendars", "rest/ical*/**"),
	always("passwords", "rest/api/*/user/password/**"),
	always("passwords", "rest/api/*/myself/password/**"),
	changing("the user's own account and password", "rest/api/*/myself"),
}

// plain are the REST modules, or the parts of one, that scripts use and that read or change no more than issues and what
// belongs to them, but for what neverReachable and adminOnly take out. All others need the scope admin, whatever the
// method: anyone can write an app, and nobody knows what they all do. Of Assets, which was called Insight, the rest is
// automation, imports, exports and the app's configuration.
var plain = []string{
	"rest/api/**",
	"rest/agile/**",
	"rest/greenhopper/**",
	"rest/servicedeskapi/**",
	"rest/dev-status/**",
	"rest/raven/**",   // Xray
	"rest/zapi/**",    // Zephyr
	"rest/tempo-*/**", // Tempo has a module for each of its parts
	"rest/insight/*/object/**", "rest/assets/*/object/**",
	"rest/insight/*/objecttype/**", "rest/assets/*/objecttype/**",
	"rest/insight/*/objecttypeattribute/**", "rest/assets/*/objecttypeattribute/**",
	"rest/insight/*/objectschema/**", "rest/assets/*/objectschema/**",
	"rest/insight/*/objectconnectedtickets/**", "rest/assets/*/objectconnectedtickets/**",
	"rest/insight/*/attachments/**", "rest/assets/*/attachments/**",
	"rest/insight/*/comment/**", "rest/assets/*/comment/**",
	"rest/insight/*/iql/**", "rest/assets/*/iql/**", "rest/assets/*/aql/**",
}

// adminOnly is what, within the plain modules, gives power over Jira itself or over other people.
var adminOnly = []rule{
	changing("users and groups", "rest/api/*/user"),
	changing("users and groups", "rest/api/*/user/application/**"),
	changing("users and groups", "rest/api/*/user/session/**"),
	always("users and groups", "rest/api/*/user/anonymization/**"),
	always("users and groups", "rest/api/*/user/duplicated/**"),
	always("users and groups", "rest/api/*/group/**"),
	changing("users and groups", "rest/api/*/applicationrole/**"),
	changing("customers and organisations", "rest/servicedeskapi/customer/**"),
	changing("customers and organisations", "rest/servicedeskapi/organization/**"),
	changing("customers and organisations", "rest/servicedeskapi/servicedesk/*/customer/**"),
	changing("customers and organisations", "rest/servicedeskapi/servicedesk/*/organization/**"),

	always("reindex", "rest/api/*/reindex/**"),
	always("reindex", "rest/api/*/index/**"),
	always("reindex", "rest/api/*/index-snapshot/**"),
	always("cluster and upgrades", "rest/api/*/cluster/**"),
	always("cluster and upgrades", "rest/api/*/upgrade/**"),
	always("cluster and upgrades", "rest/api/*/monitoring/**"),
	always("audit log", "rest/api/*/auditing/**"),
	always("webhooks", "rest/api/*/webhook*/**"),
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
	changing("permissions", "rest/api/*/project/*/issuesecuritylevelscheme/**"),

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
	always("configuration", "rest/greenhopper/*/rapidviewconfig/**"),
	always("configuration", "rest/greenhopper/*/lexorank/**"),
	changing("configuration", "rest/raven/*/settings/**"),
	changing("configuration", "rest/insight/*/objectschema/**"),
	changing("configuration", "rest/insight/*/objecttype/**"),
	changing("configuration", "rest/insight/*/objecttypeattribute/**"),
	changing("configuration", "rest/assets/*/objectschema/**"),
	changing("configuration", "rest/assets/*/objecttype/**"),
	changing("configuration", "rest/assets/*/objecttypeattribute/**"),
	changing("projects", "rest/api/*/project"),
	changing("projects", "rest/api/*/project/*"),
	changing("projects", "rest/api/*/project/*/archive"),
	changing("projects", "rest/api/*/project/*/restore"),
	changing("projects", "rest/api/*/project/*/type/**"),
	changing("projects", "rest/api/*/project/*/notificationscheme/**"),
	changing("projects", "rest/api/*/project/*/priorityscheme/**"),
	changing("projects", "rest/api/*/project/*/workflowscheme/**"),
	changing("projects", "rest/api/*/project/*/issuetypescheme/**"),
}
