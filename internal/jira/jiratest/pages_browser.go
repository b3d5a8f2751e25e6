// SPDX-License-Identifier: Apache-2.0

package jiratest

import (
	"html/template"
	"net/http"
	"strings"
)

// The pages that a browser logs in by and then works with. They do what Jira's own do: the log-in page posts a form, the
// log-in gadget posts to the REST API from a script, the dashboard asks the REST API in both ways that scripts have.
var (
	loginTemplate = template.Must(template.New("login").Parse(`<html><head><title>Log in</title></head><body>
<h1>Log in</h1><p id="message">{{.Message}}</p><p>Username Password</p>
<form id="login-form" method="post" action="{{.Context}}/login.jsp">
<input id="login-form-username" name="os_username"><input id="login-form-password" name="os_password" type="password">
<input type="hidden" name="os_destination" value="/secure/Dashboard.jspa"><input id="login-form-submit" type="submit">
</form>
<form id="loginform">
<input id="login" name="os_username"><input id="password" name="os_password" type="password">
<input id="loginbutton" type="submit"><p id="usernameerror"></p>
</form>
<script>
document.getElementById("loginform").addEventListener("submit", async function (event) {
  event.preventDefault();
  const answer = await fetch({{.Context}} + "/rest/gadget/1.0/login", {
    method: "POST", body: new URLSearchParams(new FormData(this)), headers: {"X-Requested-With": "XMLHttpRequest"}});
  if ((await answer.json()).loginSucceeded) location = {{.Context}} + "/secure/Dashboard.jspa";
  else document.getElementById("usernameerror").textContent = "not logged in";
});
</script></body></html>`))

	dashboardTemplate = template.Must(template.New("dashboard").Parse(`<html><head><title>System Dashboard</title></head><body>
<h1>System Dashboard</h1><p id="welcome">Welcome, {{.Name}}</p>
<p id="xhr"></p><p id="fetch"></p><p id="post"></p>
<a id="log_out" href="{{.Context}}/secure/Logout!default.jspa?atl_token={{.Token}}">Log Out</a>
<script>
const show = (id, text) => { document.getElementById(id).textContent = text; };
const request = new XMLHttpRequest();
request.onload = () => show("xhr", request.status + " " + JSON.parse(request.responseText).name);
request.open("GET", {{.Context}} + "/rest/api/2/myself");
request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
request.send();
fetch({{.Context}} + "/rest/api/2/search?jql=project%3DDEMO").then(async (answer) =>
  show("fetch", answer.status + " " + (await answer.json()).issues.map((issue) => issue.key)));
fetch({{.Context}} + "/rest/api/2/issue/DEMO-1/comment", {method: "POST", body: JSON.stringify({body: "by a page"}),
  headers: {"Content-Type": "application/json"}}).then(async (answer) =>
  show("post", answer.status + " " + (await answer.json()).body));
</script></body></html>`))
)

func (c *call) loginPage(message string) reply {
	return filled(loginTemplate, map[string]string{"Context": c.s.config.ContextPath, "Message": message})
}

func (c *call) dashboard() reply {
	token := ""
	if cookie, err := c.r.Cookie(xsrfCookie); err == nil {
		token = cookie.Value
	}
	return filled(dashboardTemplate, map[string]string{
		"Context": c.s.config.ContextPath, "Name": c.who.user.DisplayName, "Token": token,
	})
}

// getLogout ends the session for who has the page's token; others are asked first.
func getLogout(c *call) reply {
	if !c.xsrfToken() {
		return page(http.StatusOK, "Log Out", "Are you sure that you want to log out?")
	}
	delete(c.s.sessions.keys, c.who.session)
	return page(http.StatusOK, "Logout", "You are now logged out.")
}

func filled(t *template.Template, with map[string]string) reply {
	var text strings.Builder
	if err := t.Execute(&text, with); err != nil {
		panic(err) // a part of the program
	}
	return reply{status: http.StatusOK, contentType: typeHTML, raw: []byte(text.String())}
}
