// SPDX-License-Identifier: Apache-2.0

package scope

import (
	"fmt"
	"net/http"
	"strings"
)

// Options are what a policy says of operations.
type Options struct {
	// DenyUnlisted: no token reaches an operation that neither the catalogue nor Operations know.
	DenyUnlisted bool
	// Operations are those of an administrator's own apps. They go before the catalogue.
	Operations []Line
}

// Classifier finds the operation of a request. It never changes.
type Classifier struct {
	denyUnlisted bool
	own          *trie // nil: none
}

// The rules and the catalogue of this program, which are the same for every policy.
var (
	builtIn     = buildTrie()
	modules     = buildModules()
	restricting = newRestrictions(neverReachable, adminOnly)
	byRules     = new(Classifier)
)

// What is wrong with the catalogue is found when the program starts, and by every test: it is a part of the program.

func buildTrie() *trie {
	t := new(trie)
	for _, line := range Catalogue() {
		if err := t.add(&line); err != nil {
			panic(fmt.Errorf("catalogue: %w", err))
		}
	}
	return t
}

func buildModules() *trie {
	t := new(trie)
	for _, module := range plain {
		if _, _, err := t.path("/" + module); err != nil {
			panic(fmt.Errorf("modules: %w", err))
		}
	}
	return t
}

// NewClassifier fails with the method and path of an operation that can't be used.
func NewClassifier(o Options) (*Classifier, error) {
	c := &Classifier{denyUnlisted: o.DenyUnlisted}
	if len(o.Operations) > 0 {
		c.own = new(trie)
	}
	for i := range o.Operations {
		if err := c.addOwn(&o.Operations[i]); err != nil {
			return nil, err // it names the path
		}
	}
	return c, nil
}

// addOwn refuses what would have no effect, so that nobody believes to have eased it. Classify asks the restrictions
// first whatever was accepted here.
func (c *Classifier) addOwn(line *Line) error {
	if !strings.HasPrefix(line.Path, "/rest/") {
		return fmt.Errorf("path %q: must begin with /rest/: tokens reach nothing else that needs a scope of its own", line.Path)
	}
	own := *line
	own.Name = "an operation of the policy: " + line.Method + " " + line.Path
	if err := c.own.add(&own); err != nil {
		return err
	}
	segments := strings.Split(strings.TrimSuffix(line.Path, "/**")[1:], "/")
	found := restricting.find(methodNumber(line.Method) == 0, segments)
	need, _ := Parse([]string{line.Scope}) // add has read it
	switch {
	case isWebAction(segments):
		return fmt.Errorf("path %q: no token reaches pages and actions of the web interface (.jsp, .jspa)", line.Path)
	case found.never != nil:
		return fmt.Errorf("path %q: no token reaches it (%s): it makes or changes credentials", line.Path, found.never.name)
	case found.admin != nil && !Admin.Contains(need):
		return fmt.Errorf("path %q: needs admin or a scope admin:<resource> (%s), not %s", line.Path, found.admin.name, line.Scope)
	}
	return nil
}

// Classify finds the operation of a request without a policy's own operations.
func Classify(method string, segments []string, rawQuery string) Operation {
	return byRules.Classify(method, segments, rawQuery)
}

// Classify finds the operation of a request. The segments are those below Jira's context path, percent-decoded once, and
// without the empty one that a trailing slash makes; rawQuery is the query as it was sent.
//
// A REST module that the catalogue does not know needs the scope admin, whatever the method: read and write are for the
// modules that are known to be safe with them, and those have exceptions. Within those modules the catalogue says which
// part of read, write or admin an operation needs; what it lacks needs all of it. Pages and actions of the web interface
// (.jsp, .jspa) are outside wherever they stand.
//
// What is restricted is compared without regard to case, with and without an extension such as .json on the last
// segment (Atlassian's REST module takes it off), for every version; what is eased is compared exactly. So a doubt
// always ends at the stricter answer.
func (c *Classifier) Classify(method string, segments []string, rawQuery string) Operation {
	gets := method == http.MethodGet || method == http.MethodHead
	reads := gets || method == http.MethodOptions
	if isWebAction(segments) {
		return Operation{Access: Outside, Name: "a page or an action of the web interface (.jsp, .jspa)"}
	}
	listed := builtIn.find(method, segments)
	if len(segments) == 0 || segments[0] != "rest" {
		if listed == nil {
			return Operation{Access: Outside, Name: "outside the REST API"}
		}
		return *listed
	}
	if gets && readableSession.exactly(segments) {
		return orElse(listed, Operation{Need: Read, Name: "the current session"})
	}
	found := restricting.find(reads, segments)
	if found.never != nil {
		return Operation{Access: Never, Name: found.never.name}
	}
	module := modules.reaches(segments)
	if c.own != nil {
		if own := c.own.find(method, segments); own != nil {
			listed, module = own, true
		}
	}
	return c.judge(method, segments, rawQuery, listed, module, found.admin)
}

const unknownModule = "an app's REST module, or a part of one, that is not known to be safe for read and write"

func (c *Classifier) judge(
	method string, segments []string, rawQuery string, listed *Operation, module bool, admin *restriction,
) Operation {
	reads := methodNumber(method) == 0
	looksAtRest := reads && len(segments) == 1
	switch {
	case c.denyUnlisted && listed == nil && !looksAtRest:
		return Operation{Access: Unlisted, Name: "neither in the catalogue nor in the policy's spec.scopes.operations"}
	case !module && !looksAtRest:
		return Operation{Need: Admin, Name: unknownModule}
	case admin != nil && (listed == nil || !Admin.Contains(listed.Need)):
		return Operation{Need: Admin, Name: admin.name}
	case admin == nil && reads && updatesHistory(rawQuery) && (listed == nil || Read.Contains(listed.Need)):
		return Operation{Need: Write, Name: "read with updateHistory"}
	case listed != nil:
		return *listed
	case reads:
		return Operation{Need: Read, Name: "read"}
	default:
		return Operation{Need: Write, Name: "change"}
	}
}

func orElse(listed *Operation, other Operation) Operation {
	if listed != nil {
		return *listed
	}
	return other
}
