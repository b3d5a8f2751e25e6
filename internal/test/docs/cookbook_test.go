// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// The claims of docs/cookbook.md, by the recipe's number.
var claims = map[string]func(*recipe){
	"1": func(r *recipe) {
		const alice, bob = "oidc:alice@corp.example", "oidc:bob@corp.example"
		r.declare(r.token, alice, v1alpha1.ReasonIssued)
		r.works(r.token)
		r.declare(r.another("by-bob"), bob, v1alpha1.ReasonNotPermitted)
		r.declare(r.another("by-an-administrator"), "", v1alpha1.ReasonNotPermitted)
	},
	"2": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		r.works(r.token)
		r.answers(comment(r.token), http.StatusCreated, "")
		r.answers(create(r.token), http.StatusForbidden, "needs the scope write:issue")
		wider := r.another("wider")
		wider.Spec.Scopes = []v1alpha1.Scope{"read:issue", "write"}
		r.declare(wider, "", v1alpha1.ReasonNotPermitted)
	},
	"3": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		if r.token.Status.ExpiresAt == nil {
			r.Error("it never expires")
		}
		r.works(r.token)
		search := call{token: r.token, method: http.MethodPost, path: "/rest/api/2/search", body: `{"jql":""}`}
		r.answers(search, http.StatusOK, "LEADS-1")
		r.answers(comment(r.token), http.StatusForbidden, "needs the scope write:comment")
	},
	"4": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonApprovalRequired)
		reading := r.another("reading")
		reading.Spec.Scopes = []v1alpha1.Scope{"read"}
		r.declare(reading, "", v1alpha1.ReasonIssued)
		r.kubectl("apitoken", "approve", r.token.Name, "-n", r.token.Namespace, "--reason", "LEG-42", "--yes",
			"--as=oidc:carol@corp.example", "--as-group=system:masters")
		r.becomes(r.token, v1alpha1.ReasonIssued)
		r.works(r.token)
		r.kubectl("patch", "apitoken", r.token.Name, "-n", r.token.Namespace, "--type=merge", "-p", `{"spec":{"lifetime":"1440h"}}`)
		r.becomes(r.token, v1alpha1.ReasonApprovalRequired)
	},
	"5": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		from := func(address string) call {
			return call{token: r.token, path: "/rest/api/2/myself", header: http.Header{"X-Forwarded-For": {address}}}
		}
		r.answers(from("203.0.113.7"), http.StatusOK, "svc-ci")
		r.answers(from("198.51.100.7"), http.StatusForbidden, "may not be used from 198.51.100.7")
		anywhere := r.another("anywhere")
		anywhere.Spec.SourceRanges = nil
		r.declare(anywhere, "", v1alpha1.ReasonNotPermitted)
	},
	"6": func(r *recipe) {
		r.declare(r.token, "system:serviceaccount:team-a:flux", v1alpha1.ReasonIssued)
		r.works(r.token)
		r.declare(r.another("by-team-b"), "system:serviceaccount:team-b:flux", v1alpha1.ReasonNotPermitted)
		r.declare(r.another("by-hand"), "", v1alpha1.ReasonNotPermitted)
	},
	"7": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		r.works(r.token)
		myself := call{token: r.token, path: "/rest/api/2/myself"}
		for range 500 { // one comes back each second
			response, body := r.send(myself)
			if response.Header.Get("X-Ratelimit-Limit") != "5" {
				r.Fatalf("%d %s: %v", response.StatusCode, body, response.Header)
			}
			if response.StatusCode == http.StatusTooManyRequests {
				if response.Header.Get("Retry-After") == "" {
					r.Errorf("no Retry-After: %s", body)
				}
				return
			}
		}
		r.Error("500 requests were let through")
	},
	"8": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		r.works(r.token)
		if c := r.token.Status.Credential; c == nil || c.RotatesAt == nil || c.RotatesAt.Sub(r.token.CreationTimestamp.Time).Hours() > 24 {
			r.Errorf("it rotates at %+v", c)
		}
		old := r.plaintext(r.token)
		r.kubectl("annotate", "apitoken", r.token.Name, "-n", r.token.Namespace, "jiratokens.io/rotate-requested-at=now")
		r.eventually("there is another credential", func() bool { return r.plaintext(r.token) != old })
		r.works(r.token)
		r.answers(call{plaintext: old, path: "/rest/api/2/myself"}, http.StatusOK, "svc-reporting")
	},
	"9": func(r *recipe) {
		made, err := token.Generate(rand.Reader)
		must(r.T, err)
		hash, err := made.Hash().MarshalText()
		must(r.T, err)
		r.token.Spec.TokenHash = v1alpha1.TokenHash(hash)
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		r.answers(call{plaintext: made.Reveal(), path: "/rest/api/2/myself"}, http.StatusOK, "alice")
		if r.token.Status.Binding != nil {
			r.Error("there is a Secret")
		}
		r.change(`[{"op":"remove","path":"/spec/rules/0/limits/tokenHash"}]`)
		r.becomes(r.token, v1alpha1.ReasonNotPermitted)
	},
	"10": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		r.answers(call{token: r.token, path: "/rest/rota/1.0/today"}, http.StatusNotFound, "") // Jira's: it has no such app
		shift := call{token: r.token, method: http.MethodDelete, path: "/rest/rota/1.0/shift/7"}
		r.answers(shift, http.StatusForbidden, "needs the scope write:app")
		r.answers(call{token: r.token, path: "/rest/api/2/issue/LEADS-1"}, http.StatusForbidden, "needs the scope read:issue")
		r.answers(call{token: r.token, path: "/rest/another-app/1.0/x"}, http.StatusForbidden, "spec.scopes.unlisted: Deny")
	},
	"11": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		elsewhere := r.another("elsewhere")
		elsewhere.Namespace, elsewhere.Spec.Scopes = "ci", []v1alpha1.Scope{"read"}
		r.declare(elsewhere, "", v1alpha1.ReasonNotPermitted)
	},
	"12": func(r *recipe) {
		r.declare(r.token, "", v1alpha1.ReasonIssued)
		r.works(r.token)
		basic := func(password string) call {
			return call{basic: [2]string{"alice", password}, path: "/rest/api/2/myself"}
		}
		r.answers(basic(r.plaintext(r.token)), http.StatusOK, "alice")
		r.answers(basic(alicesPassword), http.StatusUnauthorized, "API token")
		r.change(`[{"op":"replace","path":"/spec/personalCredentials/enforcement","value":"Audit"}]`)
		r.answers(basic(alicesPassword), http.StatusOK, "alice")
	},
}

func comment(t *v1alpha1.ApiToken) call {
	return call{token: t, method: http.MethodPost, path: "/rest/api/2/issue/LEADS-1/comment", body: `{"body":"hello"}`}
}

func create(t *v1alpha1.ApiToken) call {
	fields := map[string]any{"project": map[string]string{"key": "LEADS"}, "issuetype": map[string]string{"name": "Task"}, "summary": "x"}
	body, _ := json.Marshal(map[string]any{"fields": fields})
	return call{token: t, method: http.MethodPost, path: "/rest/api/2/issue", body: string(body)}
}

var recipeTitle = regexp.MustCompile(`(?m)^## (\d+)\. (.+)$`)

func TestCookbook(t *testing.T) {
	w := newWorld(t)
	w.prepareKitchen()
	p := readPage(t, "docs/cookbook.md")
	cooked := map[string]bool{}
	for _, b := range blocksOf(t, p) {
		title := recipeTitle.FindStringSubmatch(b.Before)
		if b.Language != "yaml" || title == nil {
			continue
		}
		cooked[title[1]] = true
		t.Run(title[2], func(t *testing.T) {
			check, ok := claims[title[1]]
			if !ok {
				t.Fatal("nothing tries what it claims")
			}
			r := w.cook(t, strings.NewReplacer("10.0.7.0/28", "127.0.0.0/8").Replace(w.here.Replace(b.Text)))
			check(r)
		})
	}
	if len(cooked) != len(claims) {
		t.Errorf("%d recipes, and claims of %d", len(cooked), len(claims))
	}
}
