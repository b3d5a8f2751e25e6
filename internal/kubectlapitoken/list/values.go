// SPDX-License-Identifier: Apache-2.0

package list

import (
	"slices"
	"strings"

	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/tokens"
	"github.com/jiratokens/jira-token-operator/internal/kubectlapitoken/usage"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// checkWords looks at the flags whose values are some words of all.
func (f *filters) checkWords() (credential string, reasons []string, err error) {
	for _, s := range f.states {
		if !slices.Contains(tokens.States, tokens.State(s)) {
			return "", nil, usage.Errorf("--state is %q; one or more of %s are needed", s, joinedStates())
		}
	}
	if credential, err = credentialID(f.credential); err != nil {
		return "", nil, err
	}
	reasons, err = knownReasons(f.reasons)
	return credential, reasons, err
}

// credentialID reads --credential: an id as the audit log has it, or with the prefix that people see before it in a token. A
// whole token is refused and never repeated: it stands in the shell's history by now, and a message would put it elsewhere.
func credentialID(text string) (string, error) {
	const needed = "the id is needed, such as V9I3y63coK7P or own-nbiFHZYZ, as in the gateway's audit log (tokenID)"
	id := strings.TrimPrefix(text, token.Prefix)
	switch {
	case text == "" || token.IsID(id):
		return id, nil
	case token.IsOurs(text) && id != "" && strings.Contains(id, "_"):
		return "", usage.Errorf("--credential is more of a token than its id: %s, which is what stands between %s and the next '_'; "+
			"kubectl apitoken revoke --stdin finds the ApiToken of a whole token", needed, token.Prefix)
	case len(text) > longestShown:
		return "", usage.Errorf("--credential is %d characters long: %s", len(text), needed)
	}
	return "", usage.Errorf("--credential is %q: %s", text, needed)
}

// longestShown is how much of a wrong value is repeated, in bytes: a longer one may hold a secret.
const longestShown = 20

// knownReasons are those of --reason as the operator writes them.
func knownReasons(asked []string) ([]string, error) {
	known := tokens.Reasons()
	reasons := make([]string, len(asked))
	for i, text := range asked {
		at := slices.IndexFunc(known, func(r string) bool { return strings.EqualFold(r, text) })
		if at < 0 {
			return nil, usage.Errorf("--reason is %q; one or more of %s are needed", text, strings.Join(known, ", "))
		}
		reasons[i] = known[at]
	}
	return reasons, nil
}
