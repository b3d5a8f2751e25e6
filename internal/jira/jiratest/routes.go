// SPDX-License-Identifier: Apache-2.0

package jiratest

import "net/http"

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
	del  = http.MethodDelete
)

// routes is every resource there is.
var routes = []route{
	{method: get, pattern: "rest/api/2/serverInfo", handle: getServerInfo},
	{method: get, pattern: "rest/api/2/myself", handle: getMyself},
	{method: get, pattern: "rest/api/2/user", handle: getUser},
	{method: post, pattern: "rest/api/2/user", handle: postUser},
	{method: get, pattern: "rest/api/2/group/member", handle: getGroupMembers},
	{method: post, pattern: "rest/api/2/group/user", handle: postGroupUser},
	{method: del, pattern: "rest/api/2/group/user", handle: deleteGroupUser},
	{method: get, pattern: "rest/api/2/project", handle: listProjects},
	{method: get, pattern: "rest/api/2/project/{}", handle: getProject},
	{method: get, pattern: "rest/api/2/field", handle: listFields},
	{method: get, pattern: "rest/api/2/search", handle: getSearch},
	{method: post, pattern: "rest/api/2/search", handle: postSearch},

	{method: post, pattern: "rest/api/2/issue", handle: createIssue},
	{method: get, pattern: "rest/api/2/issue/{}", handle: getIssue},
	{method: put, pattern: "rest/api/2/issue/{}", handle: putIssue},
	{method: del, pattern: "rest/api/2/issue/{}", handle: deleteIssue},
	{method: get, pattern: "rest/api/2/issue/{}/comment", handle: listComments},
	{method: post, pattern: "rest/api/2/issue/{}/comment", handle: addComment},
	{method: get, pattern: "rest/api/2/issue/{}/comment/{}", handle: getComment},
	{method: put, pattern: "rest/api/2/issue/{}/comment/{}", handle: putComment},
	{method: del, pattern: "rest/api/2/issue/{}/comment/{}", handle: deleteComment},
	{method: get, pattern: "rest/api/2/issue/{}/worklog", handle: listWorklogs},
	{method: post, pattern: "rest/api/2/issue/{}/worklog", handle: addWorklog},
	{method: post, pattern: "rest/api/2/worklog/list", handle: findWorklogs},
	{method: get, pattern: "rest/api/2/issue/{}/properties", handle: listProperties},
	{method: get, pattern: "rest/api/2/issue/{}/properties/{}", handle: getProperty},
	{method: put, pattern: "rest/api/2/issue/{}/properties/{}", handle: putProperty},
	{method: del, pattern: "rest/api/2/issue/{}/properties/{}", handle: deleteProperty},
	{method: post, pattern: "rest/api/2/issue/{}/attachments", handle: uploadAttachments, stream: true},
	{method: get, pattern: "rest/api/2/attachment/{}", handle: getAttachment},
	{method: del, pattern: "rest/api/2/attachment/{}", handle: deleteAttachment},

	{method: get, pattern: "rest/auth/1/session", handle: getSession},
	{method: post, pattern: "rest/auth/1/session", handle: postSession},
	{method: del, pattern: "rest/auth/1/session", handle: deleteSession},
	{method: post, pattern: "rest/gadget/1.0/login", handle: postGadgetLogin, form: true},
	{method: post, pattern: "rest/oauth2/latest/token", handle: postAccessToken, form: true},
	{method: get, pattern: "rest/pat/1.0/tokens", handle: listPATs},
	{method: post, pattern: "rest/pat/1.0/tokens", handle: createPAT},
	{method: del, pattern: "rest/pat/1.0/tokens/{}", handle: deletePAT},

	{method: get, pattern: "rest/plugins/1.0", handle: listPlugins},
	{method: post, pattern: "rest/plugins/1.0", handle: adminDone, form: true},
	{method: post, pattern: "rest/api/2/reindex", handle: adminDone},
	{method: get, pattern: "rest/webhooks/1.0/webhook", handle: adminDone},
	{method: post, pattern: "rest/webhooks/1.0/webhook", handle: adminDone},

	{method: get, pattern: "secure/attachment/{}/{}", handle: downloadAttachment},
	{method: get, pattern: "secure/thumbnail/{}/{}", handle: downloadThumbnail},
	{method: get, pattern: "login.jsp", handle: getLoginPage},
	{method: post, pattern: "login.jsp", handle: postLoginPage, form: true},
	{method: get, pattern: "browse/{}", handle: getBrowsePage},
}
