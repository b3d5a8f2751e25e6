// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// coarse are all sets of read, write and admin.
func coarse() []Set {
	var sets []Set
	for bits := range uint64(8) {
		sets = append(sets, Set{bits})
	}
	return sets
}

// reachedBy tells whether a token gets through.
func reachedBy(s Set, o *Operation) bool { return o.Access == Scoped && s.Contains(o.Need) }

// version is how an API's version is written where Jira serves it.
var version = regexp.MustCompile(`^(latest|\d+(\.\d+)*)$`)

// expectAsFormerly compares what tokens with the coarse scopes reach now and before: no more, and, since scripts rely on
// it, no less; but that a POST to a version that no API has, such as 2.json, is not known to read.
func expectAsFormerly(t interface{ Errorf(string, ...any) }, method string, segments []string, query string) {
	now, before := Classify(method, segments, query), formerly(method, segments, query)
	if len(segments) > 2 && !version.MatchString(segments[2]) && before.Need == Read && now.Need == Write && method == "POST" {
		return
	}
	for _, s := range coarse() {
		if reachedBy(s, &now) != reachedBy(s, &before) {
			t.Errorf("%s %q?%s with %s: now %v (%v, %s), formerly %v (%v, %s)", method, segments, query, s,
				reachedBy(s, &now), now.Need, now.Name, reachedBy(s, &before), before.Need, before.Name)
		}
	}
	if now.Access != before.Access {
		t.Errorf("%s %q?%s: access now %v, formerly %v", method, segments, query, now.Access, before.Access)
	}
}

var methodsTried = []string{"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"}

func example(path string) []string {
	path = strings.ReplaceAll(strings.Replace(path, "/**", "/x/y", 1), "*", "x")
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "DEMO-1"
		}
	}
	return segments
}

// Each line is what a request to it is found to be, needs what a token with the coarse scopes needed before, and is
// known under the alias of its version.
func TestEachLineOfTheCatalogue(t *testing.T) {
	if len(Catalogue()) < 500 {
		t.Fatalf("%d lines: some are lost", len(Catalogue()))
	}
	for _, line := range Catalogue() {
		segments := example(line.Path)
		want, err := Parse([]string{line.Scope})
		if err != nil {
			t.Errorf("%s %s: %v", line.Method, line.Path, err)
		}
		if got := Classify(line.Method, segments, ""); got.Access != Scoped || got.Need != want || got.Name != line.Name {
			t.Errorf("%s %s is %+v (%s), not %s", line.Method, line.Path, got, got.Need, line.Scope)
		}
		for _, method := range methodsTried {
			expectAsFormerly(t, method, segments, "")
			expectAsFormerly(t, method, append(slices.Clone(segments), "more"), "")
			expectAsFormerly(t, method, segments, "updateHistory=true")
			expectAsFormerly(t, method, segments[:len(segments)-1], "")
		}
		if len(segments) > 3 && segments[0] == "rest" && isVersion(segments[2]) && line.Section != "Tests: Xray and Zephyr" {
			segments[2] = "latest"
			if got := Classify(line.Method, segments, ""); got.Need != want {
				t.Errorf("%s %s as latest needs %s, not %s", line.Method, line.Path, got.Need, line.Scope)
			}
		}
	}
}

// generated paths are made of segments that mean something to one of the lists, in odd spellings as well.
func generated(t *rapid.T) []string {
	line := rapid.SampledFrom(Catalogue()).Draw(t, "line")
	segments := example(line.Path)
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		i := rapid.IntRange(0, len(segments)-1).Draw(t, "at")
		switch rapid.IntRange(0, 6).Draw(t, "change") {
		case 0:
			segments[i] = strings.ToUpper(segments[i])
		case 1:
			segments[i] += rapid.SampledFrom([]string{".json", ";x", ".jspa", "x", "."}).Draw(t, "suffix")
		case 2:
			segments = slices.Delete(segments, i, i+1)
		case 3:
			segments = segments[:i+1]
		default:
			segments[i] = rapid.SampledFrom(words()).Draw(t, "word")
		}
		if len(segments) == 0 {
			return nil
		}
	}
	return segments
}

var allWords []string

func words() []string {
	if allWords == nil {
		seen := map[string]bool{"": true}
		for _, r := range slices.Concat(neverReachable, adminOnly, formerPlain, readingPosts, pages) {
			for _, p := range r.segments {
				seen[p.text] = true
			}
		}
		for word := range seen {
			allWords = append(allWords, word)
		}
		slices.Sort(allWords)
	}
	return allWords
}

func TestTokensReachWhatTheyReachedBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			expectAsFormerly(t, rapid.SampledFrom(methodsTried).Draw(t, "method"), generated(t),
				rapid.SampledFrom([]string{"", "updateHistory=true", "update%48istory", "a=b"}).Draw(t, "query"))
		}
	})
}

// A finer scope never reaches what the coarse one that covers it does not.
func TestFinerScopesReachLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names[3:]).Draw(t, "scope")
		fine, _ := Parse([]string{name})
		segments, method := generated(t), rapid.SampledFrom(methodsTried).Draw(t, "method")
		operation := Classify(method, segments, "")
		if reachedBy(fine, &operation) && !reachedBy(fine.Coarse(), &operation) {
			t.Errorf("%s reaches %s %q, and %s does not", name, method, segments, fine.Coarse())
		}
	})
}

// What only looks like a known operation is not one of {name} beside it.
func TestResemblanceEasesNothing(t *testing.T) {
	for _, target := range []string{
		"/rest/api/2/issue/bulk.json", "/rest/api/2/issue/BULK", "/rest/api/2/Issue/A-1", "/rest/api/1/issue/A-1",
		"/rest/api/2/issue/A-1/Comment", "/rest/api/2/issue/A-1/comment.json", "/rest/api/2/filter/Favourite",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			if got := classifyPath(method, target); got.Need != Read && got.Need != Write {
				t.Errorf("%s %s needs %s only", method, target, got.Need)
			}
		}
	}
}

func TestCatalogueSaysWhatIsWrong(t *testing.T) {
	if _, err := parseCatalogue("GET /rest/x\n"); err == nil || !strings.Contains(err.Error(), "no method, path, scope and name") {
		t.Error(err)
	}
	for want, line := range map[string]Line{
		`method "HEAD": must be GET`:                 {Method: http.MethodHead, Path: "/rest/a", Scope: "read:app"},
		`unknown scope "read:nothing"`:               {Method: "GET", Path: "/rest/a", Scope: "read:nothing"},
		"must begin with a slash":                    {Method: "GET", Path: "rest", Scope: "read"},
		"must have no empty segments":                {Method: "GET", Path: "/rest//a", Scope: "read"},
		"no dots as segments":                        {Method: "GET", Path: "/rest/../a", Scope: "read"},
		`segment "a%41": * stands at the end`:        {Method: "GET", Path: "/rest/a%41", Scope: "read"},
		`segment "**": * stands at the end of a seg`: {Method: "GET", Path: "/rest/**/a", Scope: "read"},
	} {
		if err := new(trie).add(&line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", line, err, want)
		}
	}
}
