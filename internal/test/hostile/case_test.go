// SPDX-License-Identifier: Apache-2.0

package hostile

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// testCase is an entry of testdata. Text in it can hold {{placeholders}}: the keys of Each, token names (world.words), and
// {{3*text}}, a repetition.
type testCase struct {
	// Name begins with the id of the advisory that the case is owed to, if there is one.
	Name string `json:"name"`
	// Each makes one case for every combination of its values.
	Each map[string][]string `json:"each,omitempty"`
	// Spellings makes a case for each way to write each of these header names, in {{header}}.
	Spellings []string `json:"spellings,omitempty"`

	// Raw is sent as it is. Otherwise the request is made of what follows.
	Raw     string   `json:"raw,omitempty"`
	Method  string   `json:"method,omitempty"` // GET
	Target  string   `json:"target,omitempty"` // /jira/rest/api/2/myself
	Headers []string `json:"headers,omitempty"`
	Body    string   `json:"body,omitempty"`
	// Auth is the value of Authorization; "none": there is no such header. Default: Bearer {{token}}.
	Auth string `json:"auth,omitempty"`

	// Status is what is answered, or its class (4xx); several, with commas, are the answers on one connection.
	Status string `json:"status"`
	// Reason is the audit log's; "engine": the server refused before the gateway saw a request. Several as for Status.
	Reason string `json:"reason,omitempty"`
	// Jira are the request lines that Jira receives, with {{sent}} for the one that was sent. Hostile: none. Honest: {{sent}}.
	Jira []string `json:"jira,omitempty"`
	// Unfinished: Jira may have received the request in Jira, or not, and never the end of its body.
	Unfinished bool `json:"unfinished,omitempty"`
	// Passes are the headers that reach Jira as they were sent, Content-Type and User-Agent aside.
	Passes []string `json:"passes,omitempty"`
}

// load reads a file of cases and expands them.
func load(t *testing.T, name string) []testCase {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var cases, out []testCase
	if err := yaml.UnmarshalStrict(text, &cases); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i := range cases {
		out = append(out, cases[i].expand()...)
	}
	seen := map[string]bool{}
	for i := range out {
		if seen[out[i].Name] || out[i].Status == "" {
			t.Fatalf("%s: %q: the name is taken, or there is no status", name, out[i].Name)
		}
		seen[out[i].Name] = true
	}
	return out
}

func (c *testCase) expand() []testCase {
	if len(c.Spellings) > 0 {
		c.Each = map[string][]string{"header": nil}
		for _, name := range c.Spellings {
			c.Each["header"] = append(c.Each["header"], spellings(name)...)
		}
	}
	out := []testCase{*c}
	keys := make([]string, 0, len(c.Each))
	for key := range c.Each {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		var next []testCase
		for _, one := range out {
			for _, value := range c.Each[key] {
				named := one.replace("{{"+key+"}}", value)
				named.Name = strings.ReplaceAll(one.Name, "{{"+key+"}}", strings.Trim(strconv.Quote(value), `"`))
				next = append(next, named)
			}
		}
		out = next
	}
	return out
}

// spellings are what servers that hand headers on as variables can't tell apart.
func spellings(name string) []string {
	under := strings.ReplaceAll(name, "-", "_")
	mixed := strings.Replace(name, "-", "_", 1)
	all := []string{name, strings.ToLower(name), strings.ToUpper(name), under, strings.ToUpper(under), mixed}
	slices.Sort(all)
	return slices.Compact(all)
}

// replace replaces in all texts.
func (c *testCase) replace(pairs ...string) testCase {
	out := *c
	r := strings.NewReplacer(pairs...)
	for _, text := range []*string{&out.Name, &out.Raw, &out.Method, &out.Target, &out.Body, &out.Auth, &out.Status, &out.Reason} {
		*text = r.Replace(*text)
	}
	for _, list := range []*[]string{&out.Headers, &out.Jira, &out.Passes} {
		*list = slices.Clone(*list)
		for i := range *list {
			(*list)[i] = r.Replace((*list)[i])
		}
	}
	return out
}

var repetition = regexp.MustCompile(`\{\{(\d+)\*([^}]+)\}\}`)

func repeat(text string) string {
	return repetition.ReplaceAllStringFunc(text, func(found string) string {
		parts := repetition.FindStringSubmatch(found)
		n, _ := strconv.Atoi(parts[1])
		return strings.Repeat(parts[2], n)
	})
}

// bytes are what goes over the wire.
func (c *testCase) bytes() string {
	if c.Raw != "" {
		return repeat(c.Raw)
	}
	lines := []string{c.requestLine() + " HTTP/1.1", "Host: jira-api.example", "Connection: close"}
	if c.Auth != "none" {
		lines = append(lines, "Authorization: "+c.Auth)
	}
	if !slices.ContainsFunc(c.Headers, func(h string) bool { return strings.HasPrefix(h, "User-Agent") }) {
		lines = append(lines, "User-Agent: {{case}}")
	}
	lines = append(lines, c.Headers...)
	if c.Body != "" {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", len(repeat(c.Body))))
	}
	return repeat(strings.Join(lines, "\r\n") + "\r\n\r\n" + c.Body)
}

func (c *testCase) requestLine() string { return repeat(c.Method + " " + c.Target) }

// withDefaults fills in what the kind of case leaves unsaid.
func (c *testCase) withDefaults(jira []string) {
	if c.Jira == nil {
		c.Jira = jira
	}
	c.Reason = orElse(c.Reason, "allowed")
	c.Method = orElse(c.Method, "GET")
	c.Target = orElse(c.Target, "/jira/rest/api/2/myself")
	c.Auth = orElse(c.Auth, "Bearer {{token}}")
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
